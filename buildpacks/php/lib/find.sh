# Finding a PHP that can run the app among those that are there.

# Sets PHP, and what lib/check.php tells: version, asked, missing, vendor, bin, has_compile, needs_composer, local_packages, content_hash.
find_php() {
  local name seen='' have='' first=''
  for name in php $(versioned_phps); do
    PHP=$(type -P "$name") || continue
    ask_php
    [[ " $seen " != *" $version "* ]] || continue
    seen+=" $version"
    first=${first:-$PHP}
    [[ -n $wanted ]] || { [[ -z $missing ]] || no_extensions; return 0; }
  done
  have=${seen# }
  [[ -n $have ]] || fail "There is no PHP on the PATH of $pack_place." "$(php_remedy)"
  PHP=$first
  ask_php
  fail "$wanted_by requires PHP $wanted; $pack_place has: $have" "$pack_remedy, or ask for one of these."
}

# php8.3, php8.2 …, the newest first, as Debian and its like name them.
versioned_phps() { compgen -c php | grep -Ex 'php[0-9]+\.[0-9]+' | sort -urV; }

ask_php() {
  local answer name value
  answer=$("$PHP" -d display_errors=stderr "$pack_dir/lib/check.php" "$json" "$lock") || exit 1
  while IFS=$'\t' read -r name value; do
    case $name in
      version | asked | wanted | wanted_by | missing | vendor | bin | has_compile | needs_composer | local_packages | content_hash) printf -v "$name" '%s' "$value" ;;
    esac
  done <<< "$answer"
}

no_extensions() {
  local how="$pack_remedy (Debian: php${version%.*}-NAME)"
  fail "PHP $version of $pack_place lacks extensions that the app requires: $missing" "$how, or do without them."
}

php_remedy() {
  if [[ $STACK == host ]]; then echo 'Install it: apt-get install php-cli php-fpm nginx composer'
  else echo 'Make a stack that has it: trimtab stack build --languages php'; fi
}
