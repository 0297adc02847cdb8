# Installing with npm, yarn or pnpm, and keeping node_modules for the next build.

check_node() {
  command -v node > /dev/null || fail "There is no node on the PATH of $pack_place."
  topic "Using Node.js $(node --version) of $pack_place"
  [[ -z $1 ]] || indent <<< "asked for: $1"
}

choose_manager() {
  local found='' lock=''
  if [[ -f package-lock.json || -f npm-shrinkwrap.json ]]; then found+=' npm'; fi
  if [[ -f yarn.lock ]]; then found+=' yarn'; fi
  if [[ -f pnpm-lock.yaml ]]; then found+=' pnpm'; fi
  case $found in
    '') manager=${manager:-npm} ;;
    ' npm' | ' yarn' | ' pnpm') manager=${found# } ;;
    *) fail "There are lock files of several package managers:$found." 'Keep the one you use and remove the others.' ;;
  esac
  command -v "$manager" > /dev/null || fail "This app is installed with $manager, which is not on $pack_place." \
    "$pack_remedy, or replace its lock file by npm's."
  for lock in npm-shrinkwrap.json package-lock.json yarn.lock pnpm-lock.yaml ''; do [[ ! -f $lock ]] || break; done
  lockfile=$lock
  export npm_config_cache=$cache_dir/npm npm_config_update_notifier=false npm_config_audit=false npm_config_fund=false
  export npm_config_prefer_offline=true YARN_CACHE_FOLDER=$cache_dir/yarn
  [[ $manager != pnpm ]] || export npm_config_store_dir=$cache_dir/pnpm # npm warns of a setting that is not its own
  export COREPACK_ENABLE_DOWNLOAD_PROMPT=0
  # Heroku's switches: =true installs no devDependencies at all, =false keeps them.
  production=${NPM_CONFIG_PRODUCTION:-${YARN_PRODUCTION:-}}
  unset NPM_CONFIG_PRODUCTION YARN_PRODUCTION npm_config_production
}

run_script() {
  topic "Running $1"
  "${manager:-npm}" run "$1" 2>&1 | indent
}

install_dependencies() {
  if [[ -d node_modules ]]; then
    warn 'node_modules is in the repository: it is used as it is. Better remove it from git and commit a lock file.'
    vendored=yes
    npm rebuild 2>&1 | indent
    return
  fi
  topic "Installing dependencies with $manager"
  local hash=''
  [[ -z $lockfile ]] || hash=$(modules_hash)
  if [[ -n $hash && -d $cache_dir/node/modules && $(cat "$cache_dir/node/hash" 2>/dev/null) == "$hash" ]]; then
    indent <<< "node_modules of the last build fits $lockfile"
    cp -a "$cache_dir/node/modules" node_modules
    [[ -n $build ]] || pruned=yes
    return
  fi
  [[ -n $lockfile ]] || warn 'There is no lock file: the next build may install other versions. Commit one (npm install makes it).'
  install_with_"$manager" 2>&1 | indent
  # Where no build script needs them, what is kept for the next build is already without devDependencies.
  [[ -n $build ]] || prune_dependencies
  keep_modules "$hash"
}

install_with_npm() {
  local command=install dev=--include=dev
  [[ -z $lockfile ]] || command=ci
  [[ $production != true ]] || dev=--omit=dev
  npm "$command" "$dev"
}

install_with_yarn() {
  local version
  version=$(yarn --version)
  if [[ $version != 1.* ]]; then yarn install --immutable; return; fi
  local frozen='' dev=--production=false
  [[ -z $lockfile ]] || frozen=--frozen-lockfile
  [[ $production != true ]] || dev=--production=true
  yarn install $frozen --non-interactive "$dev"
}

install_with_pnpm() {
  local frozen='' dev=--prod=false
  [[ -z $lockfile ]] || frozen=--frozen-lockfile
  [[ $production != true ]] || dev=--prod
  pnpm install $frozen "$dev"
}

# Of all that decides what node_modules holds. Local packages (file:, workspaces) are not in a lock file: not kept then.
modules_hash() {
  [[ ! -f .npmrc && ! -f .yarnrc.yml ]] || return 0
  ! grep -Eq '"(workspaces|preinstall|install|postinstall|prepare)"[[:space:]]*:|"(file|link|portal):' package.json || return 0
  { cat "$lockfile" package.json; node -p 'process.version + process.arch'; echo "$manager $production $build"; } | cksum_of
}

cksum_of() { node -e 'const h=require("crypto").createHash("sha256");process.stdin.on("data",d=>h.update(d)).on("end",()=>console.log(h.digest("hex")))'; }

# The hash is written last: a copy that was cut short is never taken for a whole one.
keep_modules() {
  rm -rf "$cache_dir/node"
  [[ -n $1 && -d node_modules ]] || return 0
  mkdir -p "$cache_dir/node"
  cp -a node_modules "$cache_dir/node/modules"
  printf '%s' "$1" > "$cache_dir/node/hash"
}

prune_dependencies() {
  [[ -n $has_dev && -z $production && -z $vendored && -z $pruned && -d node_modules ]] || return 0
  pruned=yes
  topic 'Removing what only the build needed (devDependencies)'
  case $manager in
    npm) npm prune --omit=dev 2>&1 | indent ;;
    pnpm) pnpm prune --prod 2>&1 | indent ;;
    yarn) prune_with_yarn 2>&1 | indent ;;
  esac
}

prune_with_yarn() {
  if [[ $(yarn --version) != 1.* ]]; then yarn workspaces focus --all --production; return; fi
  yarn install --production --ignore-scripts --prefer-offline --non-interactive
}
