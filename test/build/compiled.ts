import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** A program of the tests, such as test/build/orphan.ts, compiled from these sources: only a process of its own can be killed. */
export async function compiled(program: string): Promise<string> {
  const project = join(import.meta.dirname, '../..')
  const out = join(project, 'node_modules/.cache/trimtab-test-build', basename(program, '.ts'), basename(dirname(program)))
  const config = {
    extends: join(project, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      outDir: out,
      rootDir: project,
      noCheck: true,
      typeRoots: [join(project, 'node_modules/@types')],
    },
    files: [join(project, program)],
  }
  await mkdir(out, { recursive: true })
  await writeFile(join(out, 'tsconfig.json'), JSON.stringify(config))
  await writeFile(join(out, 'package.json'), '{"type": "module"}')
  const tsc = spawn(process.execPath, [join(project, 'node_modules/typescript/bin/tsc'), '-p', out], { stdio: 'inherit' })
  await new Promise((resolve) => tsc.once('exit', resolve))
  return join(out, program.replace(/\.ts$/, '.js'))
}
