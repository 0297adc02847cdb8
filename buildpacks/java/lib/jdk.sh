# Finding the JDK that was asked for among those that are there, and what the JVM has to know of this build's network.

version_line() { printf '  %s: "%s"\n' "$1" "$2" >> "$pack_dir/versions"; }

# 1.8.0_402 and 8u402 are names of 8.0.402.
plain_version() {
  local version=${1#1.}
  [[ $version != "$1" || ! $version =~ ^([0-9]+)u([0-9]+)$ ]] || version=${BASH_REMATCH[1]}.0.${BASH_REMATCH[2]}
  version=${version//_/.}
  printf '%s' "${version%%[+-]*}"
}

# system.properties: `java.runtime.version=17`; vendors in front of it (openjdk-17, zulu-17) are Heroku's, and are all one here.
asked_for() {
  local line value
  wanted=''
  [[ -f system.properties ]] || return 0
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line =~ ^[[:space:]]*java\.runtime\.version[[:space:]]*[=:][[:space:]]*([^[:space:]]*) ]] || continue
    value=${BASH_REMATCH[1]}
    [[ $value =~ ^([a-z]+-)?([0-9]+(u[0-9]+|([._][0-9]+){0,4})([+-].*)?)$ ]] ||
      fail "system.properties asks for Java \"${value:0:40}\"; write java.runtime.version=17."
    wanted=$(plain_version "${BASH_REMATCH[2]}")
  done < system.properties
}

# Prints `version<TAB>home` of each that has this program, the one on PATH first. Their file `release` says which they are.
list_jdks() {
  local program=$1 home version on_path
  on_path=$(readlink -f "$(type -P "$program")" || true)
  for home in "${on_path%/bin/"$program"}" /usr/lib/jvm/* /Library/Java/JavaVirtualMachines/*/Contents/Home; do
    [[ -n $home && ! -L $home && -x $home/bin/$program && -f $home/release ]] || continue
    version=$(sed -n 's/^JAVA_VERSION="\(.*\)"/\1/p' "$home/release")
    [[ -z $version ]] || printf '%s\t%s\n' "$(plain_version "$version")" "$home"
  done
}

# Sets java_version and JAVA_HOME. Finished archives need only a java, everything else a javac.
find_jdk() {
  local all version home have
  asked_for
  all=$(list_jdks "$1")
  [[ -n $all ]] || fail "There is no Java on $pack_place." "$(remedy)"
  is_default=yes
  while IFS=$'\t' read -r version home; do
    if [[ -z $wanted || $version == "$wanted" || $version == "$wanted".* ]]; then
      java_version=$version
      export JAVA_HOME=$home
      [[ -n $is_default ]] || export PATH=$home/bin:$PATH
      topic "Using Java $version of $pack_place"
      version_line java "$version"
      return
    fi
    is_default=''
  done <<< "$all"
  have=$(cut -f1 <<< "$all" | sort -uV | tr '\n' ' ')
  fail "system.properties asks for Java $wanted; $pack_place has: $have" "$pack_remedy, or ask for one of these."
}

remedy() {
  if [[ $STACK == host ]]; then printf 'Install a JDK on the host.'
  else printf 'Make a stack with it: trimtab stack build --languages java.'; fi
}

# A JVM reads neither a bundle of certificates nor https_proxy. It finds both as its own options, in a file: their values may be
# secrets, and a JVM prints the options that it takes from its environment.
java_network() {
  local options=$HOME/java.options
  node "$pack_dir/lib/network.mjs" "$HOME/java.truststore" > "$options"
  [[ -s $options ]] || return 0
  if [[ $java_version == 8.* ]]; then
    export JAVA_TOOL_OPTIONS="$(< "$options") $JAVA_TOOL_OPTIONS"
  else
    export JDK_JAVA_OPTIONS="@$options $JDK_JAVA_OPTIONS"
  fi
}

# What a JVM says of options in its environment is about this build's own. Debian's Maven colours its version whatever it is told.
java_output() {
  local line reset=$'\e[0m'
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line//"$reset"/}
    [[ $line == *'Picked up '*_OPTIONS:* ]] || printf '       %s\n' "$line"
  done
}
