# Installing with composer, and keeping vendor/ for the next build.

check_composer() {
  COMPOSER_PROGRAM=$(type -P composer) || fail "This app is installed with composer, which is not on $pack_place." "$(php_remedy)"
  # With the PHP that was chosen, which need not be the one of its first line.
  composer=("$PHP" "$COMPOSER_PROGRAM" --no-interaction --no-ansi)
  export COMPOSER_HOME=$cache_dir/composer/home COMPOSER_CACHE_DIR=$cache_dir/composer/files
  # Wide enough that it does not break what it says to the width of a terminal.
  export COMPOSER_ALLOW_SUPERUSER=1 COMPOSER_NO_AUDIT=1 COLUMNS=500
  # Else composer asks git for the version of the app, and there is no .git here.
  export COMPOSER_ROOT_VERSION=${COMPOSER_ROOT_VERSION:-dev-main}
  mkdir -p "$COMPOSER_HOME"
  composer_version=$("${composer[@]}" --version 2>/dev/null | grep -Eo '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1) || true
  topic "Using Composer $composer_version of $pack_place"
}

# composer looks itself at what of vendor/ fits the lock file, and writes the autoloader anew in any case: it knows the app's own classes.
install_packages() {
  local hash=''
  if [[ -d $vendor && ! -L $vendor ]]; then
    warn "$vendor/ is in the repository: composer installs over it. Better remove it from git."
  elif [[ -f $lock ]] && is_inside "$vendor"; then
    hash=$({ cat "$lock"; echo "$version $vendor"; } | sha256_of)
    if [[ $(cat "$cache_dir/php/hash" 2>/dev/null) == "$hash" ]]; then
      indent <<< "$vendor/ of the last build fits $lock"
      mkdir -p "$(dirname "$vendor")"
      cp -a "$cache_dir/php/vendor" "$vendor"
    fi
  fi
  topic 'Installing dependencies with composer'
  "${composer[@]}" install --no-dev --prefer-dist --optimize-autoloader --no-progress 2>&1 | indent ||
    fail 'composer install failed; its own words are above.'
  keep_vendor "$hash"
}

# The hash is written last: a copy that was cut short is never taken for a whole one. Local packages are laid into it anew each time.
keep_vendor() {
  [[ -n $1 && -d $vendor ]] || return 0
  [[ $(cat "$cache_dir/php/hash" 2>/dev/null) != "$1" ]] || return 0
  rm -rf "$cache_dir/php"
  mkdir -p "$cache_dir/php"
  cp -a "$vendor" "$cache_dir/php/vendor"
  local name
  for name in $local_packages; do is_inside "$name" && rm -rf "$cache_dir/php/vendor/$name"; done
  printf '%s' "$1" > "$cache_dir/php/hash"
}

# Where nothing is to be fetched, the app's own classes are.
dump_autoloader() {
  topic 'Generating the autoloader'
  # Without a lock file composer gives its class a random name, but for one that it finds there already.
  if is_inside "$vendor" && [[ ! -e $vendor/autoload.php ]]; then
    mkdir -p "$vendor"
    echo "<?php ComposerAutoloaderInit$content_hash::getLoader();" > "$vendor/autoload.php"
  fi
  "${composer[@]}" dump-autoload --no-dev --optimize 2>&1 | indent || fail 'composer dump-autoload failed; its own words are above.'
}

# As on Heroku: the last step, with everything installed.
run_compile_script() {
  topic 'Running composer compile'
  "${composer[@]}" run-script compile --no-dev 2>&1 | indent || fail 'The compile script of composer.json failed; its own words are above.'
}

# A relative path that stays in the app.
is_inside() { [[ -n $1 && $1 != /* && "/$1/" != */../* && $1 != . ]]; }

sha256_of() { "$PHP" -n -r 'echo hash("sha256", stream_get_contents(STDIN));'; }
