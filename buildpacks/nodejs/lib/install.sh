# Installing the packages that the lock file names, and removing those that only the build needed.

install_dependencies() {
  if [[ -d node_modules ]]; then
    warn 'node_modules is in the repository: it is used as it is. Better remove it from git and commit a lock file.'
    vendored=yes
    use_manager
    if [[ $manager == pnpm ]]; then pnpm rebuild; else npm rebuild; fi 2>&1 | indent
    return
  fi
  use_manager
  topic "Installing dependencies with $manager $manager_version"
  if restore_modules; then
    indent <<< "node_modules of the last build fits $lockfile"
    [[ -n $build ]] || pruned=yes
    local hook
    for hook in $hooks; do run_script "$hook"; done
    return
  fi
  [[ -n $lockfile ]] || warn 'There is no lock file: the next build may install other versions. Commit one (npm install makes it).'
  put_by
  install_with_"$manager" 2>&1 | tee "$scratch/install.log" | indent || explain_install
  take_back
  # Where no build script needs them, what is kept for the next build is already without devDependencies.
  [[ -n $build ]] || prune_dependencies
  keep_modules
}

# A lock file that does not fit takes a tool a screen to tell.
explain_install() {
  if [[ -n $lockfile ]] && grep -Eq 'npm ci.{0,20}can only install packages|lockfile needs to be updated|YN0028|ERR_PNPM_(OUTDATED_LOCKFILE|FROZEN_LOCKFILE)|LOCKFILE_CONFIG_MISMATCH' "$scratch/install.log"; then
    fail "$lockfile does not fit package.json: one of them is out of date." "Run $manager install with $manager $manager_version, and commit both."
  fi
  fail "$manager could not install the dependencies."
}

install_with_npm() {
  local command=install dev=--include=dev
  [[ -z $lockfile ]] || command=ci
  if [[ $production == true ]]; then dev=--omit=dev; fi
  [[ $manager_version != [456].* ]] || { [[ $production == true ]] && dev=--production || dev=--production=false; }
  npm "$command" "$dev"
}

install_with_yarn() {
  if is_berry; then
    if [[ $production == true ]]; then yarn workspaces focus --all --production
    elif [[ -n $lockfile ]]; then yarn install --immutable
    else yarn install --no-immutable; fi
    return
  fi
  local frozen='' dev=--production=false
  [[ -z $lockfile ]] || frozen=--frozen-lockfile
  [[ $production != true ]] || dev=--production=true
  yarn install $frozen --non-interactive --no-progress "$dev"
}

install_with_pnpm() {
  local frozen=--no-frozen-lockfile dev=--prod=false
  [[ -z $lockfile ]] || frozen=--frozen-lockfile
  [[ $production != true ]] || dev=--prod
  pnpm install $frozen "$dev" --reporter=append-only
}

prune_dependencies() {
  [[ -n $has_dev && -z $production && -z $vendored && -z $pruned ]] || return 0
  [[ -d node_modules || -f .pnp.cjs ]] || return 0
  if [[ $manager == pnpm && -n $has_workspaces ]]; then
    warn 'pnpm cannot prune a workspace: devDependencies stay.'
    return
  fi
  pruned=yes
  topic 'Removing what only the build needed (devDependencies)'
  prune_again && return
  put_by
  prune_and_keep prune_with_"$manager" 2>&1 | indent
  take_back
}

# The app's own files, which npm and yarn like to write anew in their own words.
put_by() { mkdir -p "$scratch/own" && cp package.json ${lockfile:+"$lockfile"} "$scratch/own/"; }
take_back() { cp "$scratch/own/"* .; }

prune_with_npm() { if [[ $manager_version == [456].* ]]; then npm prune --production --no-save; else npm prune --omit=dev --ignore-scripts --no-save; fi; }
prune_with_pnpm() { pnpm prune --prod --ignore-scripts --config.confirmModulesPurge=false; }
prune_with_yarn() {
  if is_berry; then
    yarn workspaces focus --all --production
    ! is_pnp || drop_unused_zips
    return
  fi
  yarn install --production --ignore-scripts --prefer-offline --non-interactive --no-progress
}

# Of Plug'n'Play packages: the table names each that is left.
drop_unused_zips() {
  local zip
  for zip in .yarn/cache/*.zip; do grep -qF "${zip##*/}" .pnp.cjs || rm -f "$zip"; done
}

# What installing and building leave behind for the next time: with times and places of this machine in it, and of no use to the app.
tidy() {
  rm -f node_modules/.yarn-integrity
  rm -f node_modules/.modules.yaml node_modules/.pnpm-workspace-state*.json
  [[ -n $vendored ]] || rm -rf node_modules/.cache node_modules/.vite
}
