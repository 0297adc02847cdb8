# Compiling the app's programs, and which of them serves.

build_programs() {
  local arguments=(build --release --locked) flags messages=$TMPDIR/cargo-messages
  if [[ ! -f Cargo.lock ]]; then
    arguments=(build --release)
    warn 'There is no Cargo.lock: the next build may take other versions. Commit one (cargo generate-lockfile makes it).'
  fi
  read -r -a flags <<< "$RUST_CARGO_BUILD_FLAGS"
  arguments+=("${flags[@]}")
  topic "Running cargo ${arguments[*]}"
  # The crates' place is in their panic messages, and is another on every machine. As a setting, it leaves the app its own flags.
  local remap="build.rustflags=['--remap-path-prefix=$CARGO_HOME=/cargo']"
  cargo "${arguments[@]}" --config "$remap" --message-format json-render-diagnostics 2>&1 > "$messages" | indent
  take_programs "$messages"
}

# One line of JSON for each thing that was made, or was there.
take_programs() {
  local paths path
  mapfile -t paths < <(sed -nE 's/^\{"reason":"compiler-artifact".*"kind":\["bin"\].*"executable":"([^"]+)".*/\1/p' "$1")
  [[ ${#paths[@]} -gt 0 ]] || fail 'This package has no program, so there is nothing to run: it needs a src/main.rs, or [[bin]] in Cargo.toml.'
  # What an app has in its own target/ is none of its sources.
  rm -rf target
  mkdir -p target/release
  programs=()
  for path in "${paths[@]}"; do
    cp "$path" target/release/
    programs+=("${path##*/}")
  done
  indent <<< "target/release/: ${programs[*]}"
  choose_web
}

# The one program there is, else the one of default-run, else the one that is called web, as the package, or server.
choose_web() {
  local name run package
  web=''
  [[ ${#programs[@]} -ne 1 ]] || web=${programs[0]}
  run=$(sed -nE 's/^default-run[[:space:]]*=[[:space:]]*"([^"]+)".*/\1/p' Cargo.toml)
  package=$(sed -nE '/^\[package\]/,/^\[/s/^name[[:space:]]*=[[:space:]]*"([^"]+)".*/\1/p' Cargo.toml)
  for name in "$run" web "$package" server; do
    if [[ -z $web && -n $name && " ${programs[*]} " == *" $name "* ]]; then web=$name; fi
  done
  [[ -n $web || -f Procfile ]] || warn 'None of these is called web or server: write a Procfile that says what runs.'
}

# On the host every build is in a folder of its own, and cargo takes each for other packages: what it has of the last one's goes.
# They are those of Cargo.lock that come from nowhere.
drop_elsewhere() {
  local name kept
  [[ $(cat "$cache_dir/folder" 2> /dev/null) != "$build_dir" ]] || return 0
  printf '%s' "$build_dir" > "$cache_dir/folder"
  [[ -f Cargo.lock && -d $CARGO_TARGET_DIR ]] || return 0
  while read -r name; do
    for kept in "$CARGO_TARGET_DIR"/{,*/}release/{deps,build,.fingerprint}; do
      rm -rf "$kept/$name"-* "$kept/${name//-/_}"-* "$kept/lib${name//-/_}"-*
    done
  done < <(tr -d '"\r' < Cargo.lock | awk '/^name = /{name=$3} /^source = /{name=""} /^$/{if (name) print name; name=""} END{if (name) print name}' |
    grep -E '^[A-Za-z0-9_-]+$')
}
