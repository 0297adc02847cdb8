# A .war that cannot run by itself: a servlet container for it, in one file: Tomcat up to Servlet 4 (javax), Jetty from 5 on (jakarta).

# 9.0.89.0 cannot compile pages (JSP): its list of initializers lacks Jasper's.
WEBAPP_RUNNER=9.0.85.0 WEBAPP_RUNNER_SHA256=7c62dba36618656d0f0c4bc5cc138e0cfd710767279c4a9faac7cdbb31ce9fc3
JETTY_RUNNER=11.0.18 JETTY_RUNNER_SHA256=12e806d9b07f5c64402affd9f9745dea12671d4097fae82f3a303735f4e570e8

# Sets command. Heroku's way, a webapp-runner that the project itself puts into target/dependency, comes first.
serve_war() {
  local war runner
  war=$(printf '%q' "$1")
  for runner in target/dependency/webapp-runner*.jar; do
    if [[ -f $runner ]]; then
      command=$(tomcat "$runner" "$war")
      return
    fi
  done
  if [[ -z $WEBAPP_RUNNER_VERSION ]] && is_jakarta "$1"; then
    fetch_runner org/eclipse/jetty/jetty-runner "$JETTY_RUNNER" "$JETTY_RUNNER_SHA256"
    command="java \$JAVA_OPTS -jar .java/jetty-runner.jar --port \$PORT $war"
  else
    local version=${WEBAPP_RUNNER_VERSION:-$WEBAPP_RUNNER} sum=''
    [[ $version =~ ^[0-9A-Za-z.-]+$ ]] || fail "WEBAPP_RUNNER_VERSION \"${version:0:40}\" is no version."
    [[ $version != "$WEBAPP_RUNNER" ]] || sum=$WEBAPP_RUNNER_SHA256
    fetch_runner com/heroku/webapp-runner "$version" "$sum"
    command=$(tomcat .java/webapp-runner.jar "$war")
  fi
}

tomcat() { printf 'java $JAVA_OPTS -jar %q --port $PORT --temp-directory "${TMPDIR:-/tmp}/tomcat.$PORT" %s' "$1" "$2"; }

# The API moved to another package with Servlet 5: web.xml names it, or the classes do.
is_jakarta() {
  type -P unzip > /dev/null || fail "To see which servlet container a .war needs, unzip is needed: $pack_remedy."
  local names
  names=$(unzip -p "$1" WEB-INF/web.xml 'WEB-INF/classes/*.class' 2> /dev/null | tr -d '\0' |
    grep -aoE 'jakarta/servlet|jakarta\.ee/xml' | head -n 1 || true)
  [[ -n $names ]]
}

# From Maven Central, once: CACHE keeps it.
fetch_runner() {
  local path=$1 version=$2 sum=$3 name=${1##*/} kept
  kept=$cache_dir/servlet/$name-$version.jar
  topic "Adding $name $version, a servlet container for the .war"
  if [[ ! -f $kept ]]; then
    mkdir -p "${kept%/*}"
    curl -fsSL --retry 2 -o "$kept.part" -- "${MAVEN_MIRROR_URL:-https://repo.maven.apache.org/maven2}/$path/$version/$name-$version.jar" 2>&1 |
      indent || fail "The servlet container for the .war cannot be fetched. A .war that has a Main-Class of its own needs none."
    [[ -z $sum || $(sha256 "$kept.part") == "$sum" ]] || fail "$name $version is not what it should be: its SHA-256 differs from $sum."
    mv "$kept.part" "$kept"
  fi
  mkdir -p .java
  cp "$kept" ".java/$name.jar"
  version_line "$name" "$version"
}

sha256() { node -p 'require("crypto").createHash("sha256").update(require("fs").readFileSync(process.argv[1])).digest("hex")' "$1"; }
