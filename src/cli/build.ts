import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { PlatformSpec } from '../domain.ts'
import { asTrimtabError, headline, TrimtabError } from '../errors.ts'
import { printable } from '../text.ts'
import { act, type Context, examples } from './context.ts'
import { spoken } from './render/time.ts'
import { withTerminal } from './terminal.ts'

export function addBuild(program: Command): void {
  program
    .command('build')
    .description('try the build of a folder before committing it; no platform has to run')
    .argument('[dir]', 'folder of the app', '.')
    .option('--shell', 'where it fails, open a shell in what is left of the build')
    .option('--json', 'print {ok, image, …}; the log goes to stderr')
    .addHelpText('after', examples('trimtab build', 'trimtab build services/shop --shell'))
    .action(
      act<[string, { shell?: true; json?: true }]>(async (context, dir, { shell = false, json = false }) => {
        const folder = resolve(dir)
        if (!existsSync(folder)) throw new TrimtabError('NotFound', `There is no folder ${folder}.`)
        const platform = await platformOf(context, folder)
        const [{ tryBuild }, { openShell }] = await Promise.all([import('../trial/trial.ts'), import('../trial/shell.ts')])
        const stop = new AbortController()
        const end = () => stop.abort()
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
        const log = json ? (text: string) => void process.stderr.write(text) : context.pass
        try {
          const trial = await tryBuild({
            dir: folder,
            platform,
            env: context.env,
            log,
            signal: stop.signal,
            ...(shell && {
              async broken(what) {
                context.remark('The build broke. This shell is where it was; exit ends it.')
                await withTerminal((terminal) => openShell(what, terminal))
              },
            }),
          })
          if (json) context.json({ ok: true, ...trial })
          else {
            context.say(
              trial.reused ? 'Nothing to build: it is there, of these very files.' : `Built in ${spoken(trial.durationMs)}.`,
            )
            context.say(
              trial.kind === 'docker'
                ? `To run it: docker run --rm -e PORT=5000 -p 5000:5000 ${trial.image.ref}`
                : `It is in ${trial.image.ref}`,
            )
          }
        } catch (thrown) {
          const error = asTrimtabError(thrown)
          // The end of its log has just been read.
          if (!json) throw error.code === 'BuildFailed' ? new TrimtabError(error.code, headline(error.message)) : error
          context.json({ ok: false, failure: { code: error.code, message: error.message } })
          return 1
        }
      }),
    )
}

/** The platform.yaml that was named, or the one at hand; without one, everything is as by default. */
async function platformOf({ config, configGiven, env, remark }: Context, folder: string): Promise<PlatformSpec> {
  const { parsePlatform } = await import('../config/platform.ts')
  const file = configGiven || existsSync(config) ? config : join(folder, 'platform.yaml')
  if (configGiven || existsSync(file)) return parsePlatform(readFileSync(file), { file, env })
  remark(printable('No platform.yaml here: built with every default.'))
  return parsePlatform(Buffer.from('apps: []'), { file, env })
}
