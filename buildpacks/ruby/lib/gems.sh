# Installing what Gemfile.lock says into vendor/bundle, and keeping it for the next build.

has_gem() { grep -q "^    $1 (" Gemfile.lock; }

# Bundler changes by itself to the version that made the lock file, where that one can be had.
use_bundler() {
  type -P bundle > /dev/null || fail "There is no Bundler on $pack_place." "$(remedy)"
  local have
  have=$(cd / && bundle --version)
  bundler_version=${have##* }
  export BUNDLE_USER_HOME=$cache_dir/bundler BUNDLE_JOBS=${BUNDLE_JOBS:-4} BUNDLE_SILENCE_ROOT_WARNING=1
}

# In a file and not in the environment: it counts for whatever runs in the app, and against the repository's own.
write_config() {
  local own=''
  [[ ! -f .bundle/config ]] || own=$(grep -Ev '^(---|BUNDLE_(PATH|DEPLOYMENT|FROZEN|WITHOUT|WITH|DISABLE_SHARED_GEMS|CACHE_PATH|MIRROR.*):)' .bundle/config || true)
  mkdir -p .bundle
  {
    printf -- '---\nBUNDLE_DEPLOYMENT: "true"\nBUNDLE_PATH: "vendor/bundle"\nBUNDLE_WITHOUT: "%s"\n' "${BUNDLE_WITHOUT-development:test}"
    [[ -z $own ]] || printf '%s\n' "$own"
  } > .bundle/config
  unset BUNDLE_PATH BUNDLE_WITHOUT BUNDLE_DEPLOYMENT BUNDLE_FROZEN
}

# True if vendor/cache has all that a registry would have to give; without any such gem as well.
all_vendored() {
  local name version
  while read -r name version; do
    compgen -G "vendor/cache/$name-${version%%-*}*.gem" > /dev/null || return 1
  done < <(sed -n '/^GEM$/,/^$/s/^    \([^ ]*\) (\([^)]*\))$/\1 \2/p' Gemfile.lock)
}

# Of all that decides what vendor/bundle holds. Nothing where a Gemfile takes more than itself into account.
gems_hash() {
  ! grep -Eq '^PATH$' Gemfile.lock || return 0
  ! grep -Eq 'eval|require|ENV|File|Dir|gemspec' Gemfile || return 0
  { cat Gemfile Gemfile.lock .bundle/config; printf '%s' "$gems_for"; } | ruby -rdigest -e 'puts Digest::SHA256.hexdigest($stdin.read)'
}

install_gems() {
  local hash options=() kept=$cache_dir/ruby/gems restored=''
  gems_for="$ruby_version $(uname -m) $ruby"
  write_config
  if [[ -e vendor/bundle ]]; then
    warn 'vendor/bundle is in the repository, and not used: remove it from git. Gems may be in vendor/cache (bundle cache).'
    rm -rf vendor/bundle
  fi
  hash=$(gems_hash)
  topic 'Installing gems with Bundler'
  if [[ -d $kept && $(cat "$kept.for" 2> /dev/null) == "$gems_for" ]]; then
    mkdir -p vendor
    cp -a "$kept" vendor/bundle
    restored=yes
  fi
  if [[ -n $restored && -n $hash && $(cat "$kept.hash" 2> /dev/null) == "$hash" ]]; then
    indent <<< 'The gems of the last build fit Gemfile.lock'
  else
    if all_vendored; then
      # Nothing is to be asked of a network then, not even for Bundler.
      options=(--local)
      export BUNDLER_VERSION=$bundler_version
    fi
    bundle install "${options[@]}" 2>&1 | gem_output
    [[ -z $restored ]] || bundle clean --force 2>&1 | gem_output
    remove_leftovers
    keep_gems "$kept" "$hash"
  fi
  # They have been unpacked.
  rm -f vendor/cache/*.gem
  rmdir vendor/cache 2> /dev/null || true
  version_line bundler "$(bundled_with)"
}

# Without what is as it was, and without Bundler's own call stack, which hides what a native part has said before it.
gem_output() {
  local line stack='^ *(/.*/(bundler|rubygems)/[^:]*\.rb:[0-9]+:in|`[^`]*'"'"')( .*)?$'
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line == 'Using '* || $line =~ $stack ]] || printf '       %s\n' "$line"
  done
}

bundled_with() {
  local version
  version=$(sed -n '/^BUNDLED WITH$/{n;s/^ *//p;}' Gemfile.lock)
  if compgen -G "vendor/bundle/ruby/*/gems/bundler-$version" > /dev/null; then printf '%s' "$version"
  else printf '%s' "$bundler_version"; fi
}

# What only the installation needed: downloaded gems, and what compilers left.
remove_leftovers() {
  [[ -d vendor/bundle ]] || return 0
  rm -rf vendor/bundle/ruby/*/cache
  find vendor/bundle \( -name mkmf.log -o -name gem_make.out -o -path '*/ext/*.o' \) -type f -delete
}

# The hash is written last: a copy that was cut short is never taken for a whole one.
keep_gems() {
  rm -rf "$1" "$1.hash" "$1.for"
  [[ -d vendor/bundle ]] || return 0
  mkdir -p "${1%/*}"
  cp -a vendor/bundle "$1"
  printf '%s' "$gems_for" > "$1.for"
  printf '%s' "$2" > "$1.hash"
}
