#!/usr/bin/env bash
# traefik-build.sh OUT: builds Traefik from its Go module. Newer versions require a module that the Go proxy does not have.
set -euo pipefail
out=$(realpath -m "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >go.mod <<'MOD'
module trimtab.test/traefik

go 1.25.0

require github.com/traefik/traefik/v3 v3.6.12

// As Traefik's own go.mod says: a replacement holds for the main module only, which is this one.
replace (
	github.com/abbot/go-http-auth => github.com/containous/go-http-auth v0.4.1-0.20200324110947-a37a7636d23e
	github.com/gorilla/mux => github.com/containous/mux v0.0.0-20250523120546-41b6ec3aed59
	github.com/mailgun/minheap => github.com/containous/minheap v0.0.0-20190809180810-6e71eb837595
)
MOD
cat >tools.go <<'GO'
//go:build tools

package tools

import _ "github.com/traefik/traefik/v3/cmd/traefik"
GO

go mod tidy -e
go build -trimpath -ldflags '-s -w' -o "$out" github.com/traefik/traefik/v3/cmd/traefik
