# What the app finds when it runs, and the packs after this one when they build.

bins=()
# The app's own packages in front, as npm does it for the scripts of package.json.
[[ ! -d node_modules/.bin ]] || bins+=(node_modules/.bin)
[[ ! -d .heroku/node/bin ]] || bins+=(.heroku/node/bin)

if ((${#bins[@]} > 0)); then
  mkdir -p .profile.d
  printf -v at_run '$HOME/%s:' "${bins[@]}"
  printf -v at_build '%s:' "${bins[@]/#/$build_dir/}"
  printf 'export PATH="%s$PATH"\n' "$at_run" > .profile.d/nodejs.sh
  printf 'export PATH=%q"$PATH"\nexport NODE_ENV=%q\n' "$at_build" "$NODE_ENV" > "$pack_dir/export"
fi

# Plug'n'Play: node finds packages by a table that has to be read first.
if [[ -f .pnp.cjs ]]; then
  loader=''
  [[ ! -f .pnp.loader.mjs ]] || loader=' --experimental-loader $HOME/.pnp.loader.mjs'
  printf 'export NODE_OPTIONS="--require $HOME/.pnp.cjs%s $NODE_OPTIONS"\n' "$loader" >> .profile.d/nodejs.sh
fi
