#!/usr/bin/env node
// Plain JavaScript of an old kind: it must run, and say so, on a Node that is too old for all the rest.
import * as module from 'node:module'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`trimtab needs Node 20.19 or newer; this is ${process.versions.node} (${process.execPath}).\n`)
  process.exit(1)
}
// From Node 22.8 on; spares compiling the same files at every start.
if (module.enableCompileCache) module.enableCompileCache()

import('../dist/cli/main.js').catch((error) => {
  const unbuilt = error.code === 'ERR_MODULE_NOT_FOUND' && String(error.message).includes('/dist/cli/main.js')
  process.stderr.write(unbuilt ? 'trimtab is not built yet: run npm run build in its folder.\n' : `${error.stack}\n`)
  process.exit(1)
})
