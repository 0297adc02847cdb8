# Finding a Go: the one on PATH if it will do, else the cached one, else the toolchain that the Go proxy has.

find_go() {
  local kept
  if version=$(installed_go) && is_enough "$version"; then
    topic "Using Go $version of $pack_place"
  else
    kept=$(kept_go)
    if [[ -n $kept ]]; then
      version=${kept##*/go}
      topic "Using Go $version, which an earlier build has downloaded"
    else
      topic "Downloading Go $wanted"
      rm -rf "$cache_dir/fresh"
      command -v curl > /dev/null || fail "There is no curl on $pack_place to download Go with." "$pack_remedy."
      mkdir -p "$cache_dir/fresh"
      version=$(node "$pack_dir/lib/fetch.mjs" "$wanted" "$wanted_in" "$cache_dir/fresh") || exit 1
      # One is kept: it takes some 170 MB.
      rm -rf "$cache_dir/toolchain"
      mv "$cache_dir/fresh" "$cache_dir/toolchain"
      indent <<< "Go $version"
    fi
    PATH=$cache_dir/toolchain/go$version/bin:$PATH
    export PATH
    unset GOROOT
  fi
  indent <<< "asked for: $wanted ($wanted_in)"
}

# Asked from /, where no go.mod has a say.
installed_go() {
  local said
  command -v go > /dev/null || return 1
  said=$(cd / && GOTOOLCHAIN=local GOFLAGS='' go version 2> /dev/null) || return 1
  [[ $said =~ ^go\ version\ go([0-9][0-9a-z.]*) ]] && printf '%s' "${BASH_REMATCH[1]}"
}

# A toolchain has its name only when it is complete.
kept_go() {
  local one
  for one in "$cache_dir"/toolchain/go*; do
    if [[ -d $one ]] && is_wanted "${one##*/go}"; then printf '%s' "$one"; fi
  done
}
