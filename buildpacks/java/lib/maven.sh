# Building with Maven: the app's own wrapper where its Maven can be had, else the one that is there.

build_with_maven() {
  local options=() said=$HOME/maven.log
  choose_maven
  maven_settings
  # The same files every time, but for a project that says so itself (maven.apache.org/guides/mini/guide-reproducible-builds).
  grep -qs project.build.outputTimestamp pom.xml || options+=("-Dproject.build.outputTimestamp=$SOURCE_DATE_EPOCH")
  # A build is over before the second compiler has paid off: half of the processor time, where tests are left out.
  export MAVEN_OPTS="-XX:TieredStopAtLevel=1 $MAVEN_OPTS"
  topic "Building with Maven: $mvn_name ${MAVEN_CUSTOM_OPTS:--DskipTests} ${MAVEN_CUSTOM_GOALS:-clean install}"
  set -f # they are split at spaces, and nothing more
  # shellcheck disable=SC2086
  if ! "${mvn[@]}" -B -V -Dstyle.color=never "${settings[@]}" -Dmaven.repo.local="$cache_dir/m2/repository" "${options[@]}" \
    -Dorg.slf4j.simpleLogger.log.org.apache.maven.cli.transfer.Slf4jMavenTransferListener=warn \
    ${MAVEN_CUSTOM_OPTS:--DskipTests} ${MAVEN_CUSTOM_GOALS:-clean install} 2>&1 | tee "$said" | java_output; then
    # What could not be fetched is remembered as missing; the next build is to look again.
    find "$cache_dir/m2/repository" -name '*.lastUpdated' -delete 2> /dev/null || true
    exit 1
  fi
  set +f
  version_line maven "$(sed -n '/Apache Maven /{s/.*Apache Maven \([0-9A-Za-z.-]*\).*/\1/p;q;}' "$said")"
}

choose_maven() {
  local url=''
  if [[ -f mvnw && -f .mvn/wrapper/maven-wrapper.properties ]]; then
    url=$(sed -n 's/^[[:space:]]*distributionUrl[[:space:]]*=[[:space:]]*//p' .mvn/wrapper/maven-wrapper.properties)
    export MAVEN_USER_HOME=$cache_dir/m2
    [[ -z $MAVEN_MIRROR_URL ]] || export MVNW_REPOURL=${MVNW_REPOURL:-$MAVEN_MIRROR_URL}
    mvn=(sh ./mvnw) mvn_name=./mvnw
    if wrapper_works maven "$url" "${mvn[@]}"; then return; fi
    warn "The Maven that mvnw asks for cannot be had ($url):"
    tail -n 5 <<< "$wrapper_said" | java_output
    type -P mvn > /dev/null || fail "There is no other Maven on $pack_place." "$(remedy)"
    warn "Building with the Maven of $pack_place instead."
  fi
  type -P mvn > /dev/null || fail "There is no Maven on $pack_place, and no mvnw in the repository." "$(remedy)"
  mvn=(mvn) mvn_name=mvn
}

# Has a wrapper fetch what it wraps, once for each distribution. What it said is in wrapper_said.
wrapper_works() {
  local tool=$1 url=$2
  shift 2
  [[ $(cat "$cache_dir/$tool-wrapper" 2> /dev/null) != "$url" ]] || return 0
  topic "Fetching what ${!#} wraps"
  wrapper_said=$("$@" --version 2>&1) || return 1
  printf '%s' "$url" > "$cache_dir/$tool-wrapper"
}

# As on Heroku: MAVEN_SETTINGS_PATH, MAVEN_SETTINGS_URL, or settings.xml; else MAVEN_MIRROR_URL is all that differs.
maven_settings() {
  local url
  settings=()
  if [[ -n $MAVEN_SETTINGS_PATH ]]; then
    [[ -f $MAVEN_SETTINGS_PATH ]] || fail "MAVEN_SETTINGS_PATH names $MAVEN_SETTINGS_PATH, and there is no such file."
    settings=(-s "$MAVEN_SETTINGS_PATH")
  elif [[ -n $MAVEN_SETTINGS_URL ]]; then
    curl -fsSL --retry 2 -o "$HOME/settings.xml" -- "$MAVEN_SETTINGS_URL" 2>&1 | indent || fail 'MAVEN_SETTINGS_URL cannot be fetched.'
    settings=(-s "$HOME/settings.xml")
  elif [[ -f settings.xml ]]; then
    settings=(-s settings.xml)
  elif [[ -n $MAVEN_MIRROR_URL ]]; then
    url=${MAVEN_MIRROR_URL//&/&amp;}
    # Under the name of what it stands for: Maven takes nothing from its cache that came from another name.
    printf '<settings><mirrors><mirror><id>central</id><mirrorOf>external:*</mirrorOf><url>%s</url></mirror></mirrors></settings>\n' \
      "${url//</&lt;}" > "$HOME/settings.xml"
    settings=(-s "$HOME/settings.xml")
  fi
}
