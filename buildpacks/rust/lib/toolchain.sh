# Finding the Rust that was asked for among those that are there. None is downloaded: no package registry has it.

# `channel`: what a toolchain file names (rust-lang.github.io/rustup/overrides.html), `1.75`, `stable`, `nightly-2025-01-01`;
# `oldest`: what Cargo.toml says it needs at least.
asked_for() {
  channel='' channel_in='' oldest=''
  local file
  for file in rust-toolchain rust-toolchain.toml; do
    [[ -f $file && -z $channel ]] || continue
    channel_in=$file
    channel=$(sed -nE 's/^[[:space:]]*channel[[:space:]]*=[[:space:]]*["'\'']([^"'\'']*)["'\''].*/\1/p' "$file" | head -n 1)
    # The old form of the file is a name and nothing else.
    if [[ $file == rust-toolchain ]] && ! grep -q '\[' "$file"; then channel=$(tr -d '[:space:]' < "$file"); fi
    [[ $channel =~ ^[A-Za-z0-9._-]{0,60}$ ]] || fail "$file names no channel that can be understood." 'Write something like channel = "1.85" or "stable".'
  done
  oldest=$(sed -nE 's/^[[:space:]]*rust-version[[:space:]]*=[[:space:]]*["'\'']([0-9.]+)["'\''].*/\1/p' Cargo.toml | sort -V | tail -n 1)
}

find_rust() {
  asked_for
  rustup_toolchains
  local name path=$PATH
  if [[ ${#toolchains[@]} -gt 0 ]]; then
    name=$(pick_toolchain)
    [[ -z $name ]] || PATH=$rustup_home/toolchains/$name/bin:$path
  fi
  export PATH
  if ! command -v cargo > /dev/null || ! command -v rustc > /dev/null; then
    if [[ $STACK == host ]]; then fail 'There is no cargo on this machine.' 'Install Rust on the host: rustup, or the packages rustc and cargo.'; fi
    fail 'There is no cargo in the stack.' 'trimtab stack build --languages rust makes a stack that has it.'
  fi
  # Asked from /, where no file of the app has a say.
  rustc_said=$(cd / && rustc -vV) || fail 'rustc does not work.'
  rustc_version=$(sed -n 's/^release: //p' <<< "$rustc_said")
  cargo_version=$(cd / && cargo -V | cut -d ' ' -f 2)
  check_rust
  topic "Using Rust $rustc_version of $pack_place"
}

# A build has a HOME of its own, in which rustup finds nothing: where it lives is told by where its programs are.
rustup_toolchains() {
  toolchains=()
  local at folder
  at=$(command -v rustup) || return 0
  rustup_home=''
  for folder in "$RUSTUP_HOME" "${at%/.cargo/bin/rustup}/.rustup" "${at%/cargo/bin/rustup}/rustup" "$(getent passwd "$(id -u)" | cut -d: -f6)/.rustup"; do
    if [[ -z $rustup_home && -d $folder/toolchains ]]; then rustup_home=$folder; fi
  done
  [[ -n $rustup_home ]] || return 0
  mapfile -t toolchains < <(cd "$rustup_home/toolchains" && ls -d -- */ 2> /dev/null | tr -d /)
}

# The one that was asked for, else rustup's default.
pick_toolchain() {
  local name wanted=${channel:-none}
  for name in "${toolchains[@]}"; do
    # `1.75` is 1.75.0 too; behind a name is the machine's.
    if [[ $name == "$wanted" || $name == "$wanted"-*-* || $name == "$wanted".*-*-* ]]; then printf '%s' "$name"; return; fi
  done
  name=$(sed -nE 's/^default_toolchain = "(.*)"/\1/p' "$rustup_home/settings.toml" 2> /dev/null)
  printf '%s' "${name:-${toolchains[0]}}"
}

check_rust() {
  local plain=${rustc_version%%-*} has="$pack_place has $rustc_version"
  [[ ${#toolchains[@]} -lt 2 ]] || has="$pack_place has ${toolchains[*]}"
  if [[ -n $oldest ]] && ! is_at_least "$plain" "$oldest"; then
    fail "Cargo.toml asks for Rust $oldest or newer (rust-version); $has." "$pack_remedy, or ask for one that is there."
  fi
  # rustup has one of that very name.
  [[ -n $channel && $channel != stable* && $name != "$channel" && $name != "$channel"-* ]] || return 0
  if [[ $channel != [0-9]* ]]; then
    [[ $rustc_version == *-"$channel"* ]] || fail "$channel_in asks for Rust $channel; $has." "$pack_remedy, or ask for one that is there."
    return 0
  fi
  channel=${channel%%-*}
  [[ $plain != "$channel" && $plain != "$channel".* ]] || return 0
  is_at_least "$plain" "$channel" || fail "$channel_in asks for Rust $channel; $has." "$pack_remedy, or ask for one that is there."
  # Every stable release compiles what an older one does (blog.rust-lang.org, 2014-10-30, Stability as a Deliverable).
  warn "$channel_in asks for Rust $channel; $has, which is newer: Rust $rustc_version is used."
}

is_at_least() { [[ $(printf '%s\n' "$2" "$1" | sort -V | tail -n 1) == "$1" ]]; }
