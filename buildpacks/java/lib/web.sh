# Which of the archives is the app, and what runs it.

# What a build makes besides the app is not taken for it.
is_aside() { [[ $1 == *-sources.jar || $1 == *-javadoc.jar || $1 == *-tests.jar || ${1##*/} == original-* || $1 == *-plain.[jw]ar ]]; }

manifest() {
  if type -P unzip > /dev/null; then
    unzip -p "$1" META-INF/MANIFEST.MF 2> /dev/null || true
  else
    local from=$PWD
    (cd "$HOME" && "$JAVA_HOME/bin/jar" xf "$from/$1" META-INF/MANIFEST.MF 2> /dev/null && cat META-INF/MANIFEST.MF) || true
  fi
}

# Leaves the command of `web` for bin/release, or says why there is none.
find_web() {
  local archive said runnable=() wars=() script scripts=() command='' files=()
  shopt -s nullglob
  files=(*.jar *.war target/*.jar target/*.war */target/*.jar */target/*.war build/libs/*.[jw]ar */build/libs/*.[jw]ar)
  # Gradle's `installDist` makes a script that knows all the jars.
  for script in build/install/*/bin/* */build/install/*/bin/*; do [[ $script == *.bat ]] || scripts+=("$script"); done
  shopt -u nullglob
  if [[ -f target/quarkus-app/quarkus-run.jar ]]; then
    command='java $JAVA_OPTS -Dquarkus.http.host=0.0.0.0 -Dquarkus.http.port=$PORT -jar target/quarkus-app/quarkus-run.jar'
  elif [[ ${#scripts[@]} == 1 ]]; then
    command=$(printf '%q' "${scripts[0]}")
  else
    for archive in "${files[@]}"; do
      if is_aside "$archive"; then continue; fi
      said=$(manifest "$archive" | tr -d '\0\r')
      if grep -q '^Main-Class:' <<< "$said"; then runnable+=("$archive")
      elif [[ $archive == *.war ]]; then wars+=("$archive"); fi
      if grep -Eq '^(Spring-Boot-Version|Start-Class):' <<< "$said"; then spring+="|$archive|"; fi
    done
    if [[ ${#runnable[@]} == 1 ]]; then
      command='java $JAVA_OPTS '
      [[ $spring != *"|${runnable[0]}|"* ]] || command+='-Dserver.port=$PORT '
      command+="-jar $(printf '%q' "${runnable[0]}")"
    elif [[ ${#runnable[@]} == 0 && ${#wars[@]} == 1 ]]; then
      serve_war "${wars[0]}" # sets command
    elif [[ ${#runnable[@]} -gt 1 ]]; then
      warn 'There are several archives that can be run; a Procfile says which is the app:' "  ${runnable[@]}"
    elif [[ ${#wars[@]} -gt 1 ]]; then
      warn 'There are several .war files; a Procfile says which is the app:' "  ${wars[@]}"
    else
      warn 'No .jar with a Main-Class in its manifest, and no .war: a Procfile has to say what runs.'
    fi
  fi
  [[ -n $command ]] || return 0
  command=${command//\\/\\\\}
  printf '"%s"\n' "${command//\"/\\\"}" > "$pack_dir/web"
}

# What was made on the way to the archives is not for the image; classes stay, some run from there.
remove_leftovers() {
  local name at
  for at in target */target; do
    for name in antrun failsafe-reports generated-sources generated-test-sources maven-archiver maven-status \
      surefire-reports test-classes; do
      [[ ! -d $at/$name ]] || rm -rf "${at:?}/$name"
    done
    rm -f "$at"/*.[jw]ar.original
  done
  [[ ! -f gradlew && ! -d build/libs ]] || rm -rf .gradle {.,*}/build/{tmp,reports,test-results,generated,kotlin}
}

# Which Java, and how much memory it may take: for every process of the app, and for the packs after this one.
write_profile() {
  mkdir -p .profile.d
  {
    printf 'export JAVA_HOME=%q\n' "$JAVA_HOME"
    [[ -n $is_default ]] || printf 'export PATH="$JAVA_HOME/bin:$PATH"\n'
    # Only in a container is there a limit that is the app's own.
    [[ $STACK == host ]] || cat "$pack_dir/lib/memory.sh"
  } > .profile.d/java.sh
  printf 'export JAVA_HOME=%q\n[[ -n %q ]] || export PATH="$JAVA_HOME/bin:$PATH"\n' "$JAVA_HOME" "$is_default" > "$pack_dir/export"
}
