// An ACME server for tests: Let's Encrypt's own.
module trimtab.test/pebble

go 1.25.0

require github.com/letsencrypt/pebble/v2 v2.10.1
