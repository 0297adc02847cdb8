#!/usr/bin/env bash
# build.sh DIR OUT PACKAGE…: builds programs of what DIR/go.mod requires, with any Go: one that is too old fetches the right one.
set -euo pipefail
toolchain=go1.25.5
dir=$1
out=$(realpath "$2")
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$dir"/go.* "$work"
cd "$work"

go=go
export GOTOOLCHAIN=auto GOFLAGS=-mod=mod
version=$(cd / && go env GOVERSION)
minor=${version#go1.}
if [ "${minor%%[!0-9]*}" -lt 21 ]; then
  # Before 1.21, Go does not fetch toolchains by itself. They are modules; those have no executable files and no go.mod within.
  module=golang.org/toolchain@v0.0.1-$toolchain.linux-$(go env GOARCH)
  (cd / && go mod download "$module")
  cp -r "$(go env GOMODCACHE)/$module" toolchain
  chmod -R u+w toolchain
  chmod +x toolchain/bin/* toolchain/pkg/tool/*/*
  find toolchain -name _go.mod -execdir mv {} go.mod \;
  go=$PWD/toolchain/bin/go
fi

"$go" build -trimpath -ldflags '-s -w' -o "$out/" "$@"
