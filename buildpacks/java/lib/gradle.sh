# Building with Gradle, which as a rule comes by the app's own wrapper.

build_with_gradle() {
  local task=$GRADLE_TASK
  choose_gradle
  # Heroku's rule is `stage`; an app that was not made for it has none.
  if [[ -z $task ]]; then
    if grep -Eqs "\bstage\b" ./*.gradle ./*.gradle.kts; then task=stage; else task='build -x check'; fi
  fi
  topic "Building with Gradle: $gradle_name $task"
  set -f # split at spaces, and nothing more
  # shellcheck disable=SC2086
  "${gradle[@]}" --no-daemon --console=plain --project-cache-dir "$HOME/gradle" $task 2>&1 | java_output
  set +f
}

choose_gradle() {
  local url='' properties=gradle/wrapper/gradle-wrapper.properties
  export GRADLE_USER_HOME=$cache_dir/gradle
  if [[ -f gradlew ]]; then
    [[ -f $properties ]] || fail "gradlew needs $properties and gradle-wrapper.jar: commit them (gradle wrapper makes them)."
    url=$(sed -n 's/^[[:space:]]*distributionUrl[[:space:]]*=[[:space:]]*//p' "$properties")
    url=${url//\\/}
    gradle=(sh ./gradlew) gradle_name=./gradlew
    if wrapper_works gradle "$url" "${gradle[@]}"; then
      version_line gradle "$(gradle_version <<< "${url##*/}")"
      return
    fi
    tail -n 8 <<< "$wrapper_said" | java_output
    type -P gradle > /dev/null || fail "The Gradle that gradlew asks for cannot be had ($url), and $pack_place has none."
    warn "The Gradle that gradlew asks for cannot be had ($url): building with the one of $pack_place instead."
  fi
  type -P gradle > /dev/null || fail "There is no gradlew in the repository, and no Gradle on $pack_place." 'Commit a wrapper: gradle wrapper makes it.'
  gradle=(gradle) gradle_name=gradle
  version_line gradle "$(gradle --version 2> /dev/null | gradle_version)"
}

gradle_version() { sed -n 's/^[Gg]radle[- ]\([0-9][0-9A-Za-z.]*\(-[a-z]*-[0-9]*\)\{0,1\}\).*/\1/p' | head -n 1; }
