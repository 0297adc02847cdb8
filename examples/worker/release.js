// Runs once per release, before any of its instances starts. If it exits with anything but 0, the old release goes on serving.
console.log('migrating: nothing to do')
