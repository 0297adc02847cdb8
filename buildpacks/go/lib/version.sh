# Which Go the app asks for, and how versions compare.

# `wanted`: `1.22.5`, or `1.22` for its newest patch release. `is_exact`: that and no newer one; else `least` is what an installed one
# has to be.
asked_for() {
  wanted='' wanted_in='' is_exact='' least=''
  local file=go.mod word value rest comment='' go='' toolchain=''
  # A workspace's own lines are what its go command goes by (go.dev/ref/mod#workspaces).
  [[ ! -f go.work ]] || file=go.work
  while read -r word value rest || [[ -n $word ]]; do
    case $word in
      go) go=$value ;;
      toolchain) toolchain=$value ;;
      //) [[ "$value ${rest%% *}" != '+heroku goVersion' ]] || comment=${rest##* } ;;
    esac
  done < <(tr -d '\r' < "$file")
  [[ $toolchain != default ]] || toolchain=''
  if [[ -n $GOVERSION ]]; then wanted=$GOVERSION wanted_in=GOVERSION is_exact=yes
  elif [[ -n $comment ]]; then wanted=$comment wanted_in="$file (+heroku goVersion)" is_exact=yes
  elif [[ -n $toolchain ]]; then wanted=${toolchain%%-*} wanted_in="$file (toolchain)"
  else wanted=${go:-1.16} wanted_in=$file # 1.16 is what no line means (go.dev/ref/mod#go-mod-file-go)
  fi
  wanted=${wanted#go}
  [[ $wanted =~ ^1\.[0-9]{1,3}(\.[0-9]{1,3}|(rc|beta)[0-9]{1,2})?$ ]] ||
    fail "$wanted_in asks for Go \"${wanted:0:40}\", which is no version that can be understood." 'Write something like 1.22 or 1.22.5.'
  local minor=${wanted#1.}
  minor=${minor%%[!0-9]*}
  least=$wanted
  if [[ $minor -lt 18 ]]; then
    [[ -z $is_exact ]] || fail "$wanted_in asks for Go $wanted; builds need 1.18 or newer."
    least=1.18 # which first knows all that is asked of it here
  fi
  # Before 1.21 the line named the language only, which every later Go compiles; from there on it asks for a toolchain.
  if [[ -z $is_exact && $minor -lt 21 ]]; then wanted=1.21; fi
}

# Whether this version is what was asked for, where only that will do.
is_wanted() { [[ $1 == "$wanted" || $1 == "$wanted".* ]]; }

# Go's own rule: a newer one compiles what an older one does.
is_enough() {
  if [[ -n $is_exact ]]; then is_wanted "$1"; return; fi
  is_wanted "$1" || [[ $(printf '%s\n' "$least" "$1" | sort -V | tail -n 1) == "$1" ]]
}
