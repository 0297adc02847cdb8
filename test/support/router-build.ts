/** Compiles the embedded router into a private folder, once for all tests, again only when a source is newer. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The path of a compiled src/router/embedded/main.ts. Two test processes may build at once: the folder is renamed into place. */
export function routerEntry(): string {
  const sources = newest(join(root, 'src/router'))
  // Below node_modules, so that it is ignored by git and finds the packages.
  const cache = join(root, 'node_modules/.cache/trimtab-router-test')
  const entry = join(cache, 'router/embedded/main.js')
  if (existsSync(entry) && statSync(entry).mtimeMs > sources) return entry
  const fresh = `${cache}.${process.pid}`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  writeFileSync(join(fresh, 'package.json'), '{"type":"module"}')
  const config = {
    extends: join(root, 'tsconfig.build.json'),
    compilerOptions: { rootDir: join(root, 'src'), outDir: fresh },
    include: [],
    files: ['main.ts', 'index.ts'].map((file) => join(root, 'src/router/embedded', file)),
  }
  writeFileSync(join(fresh, 'tsconfig.json'), JSON.stringify(config))
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(fresh, 'tsconfig.json')], {
    stdio: 'inherit',
  })
  const old = `${cache}.${process.pid}.old`
  if (existsSync(cache)) renameSync(cache, old)
  try {
    renameSync(fresh, cache)
  } catch {
    // Another process was first with the same sources.
    rmSync(fresh, { recursive: true, force: true })
  }
  rmSync(old, { recursive: true, force: true })
  return entry
}

function newest(dir: string): number {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Math.max(...files.map((file) => statSync(join(file.parentPath, file.name)).mtimeMs))
}
