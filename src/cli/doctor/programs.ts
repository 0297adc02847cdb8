/** Programs that trimtab or its builds start. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Check, fail, ok, warn } from './check.ts'

const run = promisify(execFile)

/** The first line a program says of itself; null: it is not there, or does not work. */
async function versionOf(program: string, ...args: string[]): Promise<string | null> {
  try {
    const { stdout } = await run(program, args, { timeout: 5_000, killSignal: 'SIGKILL' })
    return stdout.split('\n', 1)[0]?.trim() ?? ''
  } catch {
    return null
  }
}

/** `builds`: they run here, and not in containers that have all they need. */
export async function checkPrograms({ builds }: { builds: boolean }): Promise<Check[]> {
  const forBuilds = builds ? [checkBash(), checkPython(), checkCompiler()] : []
  return Promise.all([checkNode(), checkGit(), ...forBuilds, checkDatabase()])
}

async function checkNode(): Promise<Check> {
  return ok('node', process.versions.node)
}

/** `--end-of-options`, protocol allow-lists and the bare-repository rules are all there from here on. */
const OLDEST_GIT = [2, 25]

async function checkGit(): Promise<Check> {
  const said = await versionOf('git', '--version')
  const remedy = 'Install git: apt-get install git, brew install git'
  if (said === null) return fail('git', 'not found', remedy)
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(said) ?? []).slice(1).map(Number)
  const [wantedMajor = 0, wantedMinor = 0] = OLDEST_GIT
  const old = major < wantedMajor || (major === wantedMajor && minor < wantedMinor)
  return old ? warn('git', `${said} is old`, `trimtab is tested with git ${OLDEST_GIT.join('.')} and newer`) : ok('git', said)
}

async function checkBash(): Promise<Check> {
  const said = await versionOf('bash', '--version')
  return said === null ? fail('bash', 'not found', 'Buildpacks are bash programs: apt-get install bash') : ok('bash', said)
}

async function checkPython(): Promise<Check> {
  const said = await versionOf('python3', '--version')
  const remedy = 'Only Python apps need it: apt-get install python3 python3-venv'
  return said === null ? warn('python3', 'not found', remedy) : ok('python3', said)
}

async function checkCompiler(): Promise<Check> {
  const said = (await versionOf('c++', '--version')) ?? (await versionOf('g++', '--version'))
  const remedy = 'Only packages with native code need it: apt-get install build-essential, xcode-select --install'
  return said === null ? warn('C++ compiler', 'not found', remedy) : ok('C++ compiler', said)
}

async function checkDatabase(): Promise<Check> {
  try {
    const { default: Database } = await import('better-sqlite3')
    const database = new Database(':memory:')
    const { version } = database.prepare('select sqlite_version() as version').get() as { version: string }
    database.close()
    return ok('SQLite', version)
  } catch (error) {
    const why = String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? ''
    return fail('SQLite', why, 'Rebuild it for this Node: npm rebuild better-sqlite3 (needs a C++ compiler, make and python3)')
  }
}
