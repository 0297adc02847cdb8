/** `npm run check`: types, lint and format. */
import { join } from 'node:path'
import { ready, root, run } from './ready.mjs'

ready()
run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json'])
run(process.execPath, [join(root, 'node_modules/@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.'])
console.log('Types, lint and format are fine.')
