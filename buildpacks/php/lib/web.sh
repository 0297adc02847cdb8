# How the app is served: the programs that a Procfile may name, and the default process.

# .heroku/php/bin, on PATH when the app runs: heroku-php-nginx, heroku-php-apache2, and the PHP that was chosen.
lay_down_launcher() {
  local own=.heroku/php bin_dir=${bin:-$vendor/bin}
  [[ ! -e $own && ! -L $own && ! -L .heroku ]] || fail "$own is in the repository: remove it, it is where the build puts its own."
  mkdir -p "$own" .profile.d
  cp -R "$pack_dir/run/." "$own"
  ln -s "$PHP" "$own/bin/php"
  printf '%s\n' "${version%.*}" > "$own/version"
  is_inside "$bin_dir" || bin_dir=vendor/bin
  printf 'export PATH="$HOME"/.heroku/php/bin:"$HOME"/%q:"$PATH"\n' "$bin_dir" > .profile.d/php.sh
  # Many a Procfile has it from the days when it was a package: vendor/bin/heroku-php-apache2.
  local name
  for name in heroku-php-nginx heroku-php-apache2; do
    grep -qs "vendor/bin/$name" Procfile || continue
    mkdir -p vendor/bin
    [[ -e vendor/bin/$name ]] || ln -s "../../$own/bin/$name" "vendor/bin/$name"
  done
  # For the packs after this one.
  printf 'export PATH=%q:%q:"$PATH"\n' "$build_dir/$own/bin" "$build_dir/$bin_dir" > "$pack_dir/export"
}

choose_web() {
  web='' root=''
  if [[ -f public/index.php ]]; then root=public/
  elif [[ -f web/index.php ]]; then root=web/
  elif [[ ! -f index.php ]]; then
    [[ -f Procfile ]] || warn 'There is no index.php in public/, web/ or here: write a Procfile (web: heroku-php-nginx FOLDER/).'
    root=none
  fi
  [[ $root == none ]] || web="heroku-php-nginx${root:+ $root}"
  if grep -qs 'heroku-php-apache2' Procfile; then
    type -P apache2 > /dev/null || warn "The Procfile names heroku-php-apache2, and there is no Apache on $pack_place: that process will not start." \
      'heroku-php-nginx takes its place, without .htaccess files.'
  elif [[ -n $web ]]; then
    has_servers || warn "There is no nginx or no PHP-FPM on $pack_place: PHP's built-in server will do, for trying things out."
    indent <<< "Served from ${root:-the folder of the app}"
  fi
}

has_servers() { type -P nginx > /dev/null && { type -P "php-fpm${version%.*}" || type -P php-fpm; } > /dev/null; }
