# A Rails app's assets, what runs the app, and what its processes find in their environment.

is_rails() { has_gem railties && [[ -f config/application.rb || -f config/environment.rb ]]; }

# As on Heroku: where Rakefile knows the task, and the assets are not in the repository already.
compile_assets() {
  is_rails || return 0
  touch "$pack_dir/rails"
  [[ -f Rakefile ]] || return 0
  if compgen -G 'public/assets/manifest-*.json' > /dev/null || compgen -G 'public/assets/.sprockets-manifest-*.json' > /dev/null ||
    [[ -f public/assets/.manifest.json || -f public/assets/manifest.yml ]]; then
    indent <<< 'A manifest in public/assets: the assets are taken to be compiled already.'
    return
  fi
  local said=$HOME/assets.log kept=$cache_dir/ruby/assets
  # What Sprockets keeps from one time to the next.
  if [[ -d $kept ]]; then
    mkdir -p tmp/cache
    cp -a "$kept" tmp/cache/assets
  fi
  topic 'Compiling assets: rake assets:precompile'
  if ! (assets_environment && bundle exec rake assets:precompile) 2>&1 | tee "$said" | indent; then
    # Loading Rails twice, only to ask whether there is the task, would take as long as the task.
    grep -q "Don't know how to build task 'assets:precompile'" "$said" || fail 'assets:precompile failed; what it said is above.'
    indent <<< 'This app has no assets to compile.'
  fi
  rm -rf "$kept"
  if [[ -d tmp/cache/assets ]]; then
    mkdir -p "${kept%/*}"
    mv tmp/cache/assets "$kept"
  fi
  rm -rf tmp/cache
}

# Assets must not need secrets or a database; the app has to be loaded nevertheless.
assets_environment() {
  export RAILS_ENV=${RAILS_ENV:-production} RACK_ENV=${RACK_ENV:-production} RAILS_GROUPS=${RAILS_GROUPS:-assets}
  [[ -n $SECRET_KEY_BASE ]] || export SECRET_KEY_BASE=for-assets-only SECRET_KEY_BASE_DUMMY=1
  [[ -z $DATABASE_URL ]] || return 0
  if has_gem pg; then export DATABASE_URL=postgresql://user:pass@127.0.0.1/dbname
  elif has_gem mysql2; then export DATABASE_URL=mysql2://user:pass@127.0.0.1/dbname; fi
}

# Leaves the command of `web` for bin/release.
find_web() {
  local command=''
  if [[ ! -f config.ru ]] && ! is_rails; then
    [[ -f Procfile ]] || warn 'There is neither a config.ru nor Rails: a Procfile has to say what runs.'
    return 0
  fi
  if has_gem puma; then
    if [[ -f config/puma.rb ]]; then command='bundle exec puma -C config/puma.rb'; else command='bundle exec puma -p $PORT'; fi
  elif is_rails; then
    # Where it would keep its process id otherwise is the same file for all instances on a host, and for the next one after a crash.
    command='rm -f ${TMPDIR:-/tmp}/rails.$PORT.pid; exec bundle exec rails server -b 0.0.0.0 -p $PORT -e $RAILS_ENV -P ${TMPDIR:-/tmp}/rails.$PORT.pid'
  elif has_gem rackup || has_gem 'rack' && grep -Eq '^    rack \([12]\.' Gemfile.lock; then
    command='bundle exec rackup config.ru -p $PORT -o 0.0.0.0'
  elif [[ ! -f Procfile ]]; then
    warn 'Gemfile.lock has no server for config.ru, such as puma or rackup: a Procfile has to say what runs.'
  fi
  [[ -z $command ]] || printf '"%s"\n' "$command" > "$pack_dir/web"
}

# For every process of the app, and for the packs after this one. $HOME is the app's folder there, and not yet here.
write_profile() {
  local gems
  gems=$(compgen -G 'vendor/bundle/ruby/*' || true)
  mkdir -p .profile.d
  {
    [[ -z $ruby_path ]] || printf 'export PATH=%q:"$PATH"\n' "$ruby_path"
    # As on Heroku, what gems bring is found without `bundle exec` too. An empty end stands for the Ruby's own.
    [[ -z $gems ]] || printf 'export GEM_PATH="$HOME/%s:$GEM_PATH" PATH="$HOME/%s/bin:$PATH"\n' "$gems" "$gems"
    printf 'export PATH="$HOME/bin:$PATH"\n'
    # A cache that the app's user may not write to would be complained of with every start.
    printf 'export BUNDLE_USER_HOME="${TMPDIR:-/tmp}/bundler"\n'
  } > .profile.d/ruby.sh
  printf 'export PATH=%q/bin:%s"$PATH"\n' "$build_dir" "${ruby_path:+$(printf %q "$ruby_path"):}" > "$pack_dir/export"
}
