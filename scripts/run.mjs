/** `npm start`, `npm run demo`, `npm run dev`: makes ready what is missing, then is the command line itself. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ready, root } from './ready.mjs'

const args = process.argv.slice(2)
ready()
if (args[0] === '--watch') {
  // Compiles on each change, and starts trimtab anew with what came out; the apps do not notice.
  const tsc = spawn(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--watch', '--preserveWatchOutput'],
    { cwd: root, stdio: 'inherit' },
  )
  const trimtab = spawn(process.execPath, ['--watch-path=dist', 'bin/trimtab.js', ...args.slice(1)], {
    cwd: root,
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => [tsc, trimtab].map((child) => child.kill(signal)))
} else {
  process.argv = [process.argv[0], join(root, 'bin/trimtab.js'), ...args]
  await import('../bin/trimtab.js')
}
