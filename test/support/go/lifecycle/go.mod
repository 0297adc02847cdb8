// The lifecycle of Cloud Native Buildpacks, for a builder image of the tests' own. One of its modules is in no checksum database:
// go.sum has what the lifecycle's own says of it.
module trimtab.test/lifecycle

go 1.24.4

require github.com/buildpacks/lifecycle v0.20.11
