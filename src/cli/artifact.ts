import { createReadStream, statSync } from 'node:fs'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { TrimtabError } from '../errors.ts'
import { act, type Context, examples } from './context.ts'
import { renderArtifacts, spokenSize } from './render/artifacts.ts'

export function addArtifact(program: Command): void {
  const artifact = program
    .command('artifact')
    .description('files that are deployed as they are: archives, .jar, .war, programs')
    .addHelpText('after', examples('trimtab artifact push target/shop.war', 'trimtab artifact list'))
  artifact
    .command('push')
    .description('upload a file to the running platform; prints the lines to commit')
    .argument('<file>')
    .option('--name <name>', "what it is called (default: the file's name)")
    .option('--json', 'print {sha256, name, size, storedAt}')
    .addHelpText('after', examples('trimtab artifact push target/shop.war'))
    .action(act<[string, { name?: string; json?: true }]>(push))
  artifact
    .command('list')
    .description('those that are kept, newest first')
    .option('--json', 'print an array')
    .addHelpText('after', examples('trimtab artifact list'))
    .action(
      act<[{ json?: true }]>(async (context, { json }) => {
        const all = await (await context.client()).artifacts()
        if (json) context.json(all)
        else context.say(renderArtifacts(all, Date.now()))
      }),
    )
  artifact
    .command('rm')
    .description('remove one, by the beginning of its SHA-256, unless a release uses it')
    .argument('<sha256>')
    .addHelpText('after', examples('trimtab artifact rm 3f2a9c41'))
    .action(
      act<[string]>(async (context, sha256) => {
        const { name, sha256: whole } = await (await context.client()).removeArtifact(sha256.toLowerCase())
        context.say(`${name || 'It'} (${whole.slice(0, 12)}) is removed.`)
      }),
    )
}

async function push(
  context: Context,
  file: string,
  { name = basename(file), json }: { name?: string; json?: true },
): Promise<void> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/.test(name)) {
    const message = `${JSON.stringify(name)} is no name for an artifact: letters, digits and . _ + - alone. Give it another: --name shop.war`
    throw new TrimtabError('Usage', message)
  }
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw new TrimtabError('NotFound', `There is no file ${file}.`)
  const stored = await (await context.client()).putArtifact(name, createReadStream(file))
  if (json) return context.json(stored)
  context.remark(`${stored.name} is here: ${spokenSize(stored.size)}. To deploy it, commit this in app.yaml:`)
  context.say(`build:\n  artifact: {sha256: ${stored.sha256}, name: ${yamlOf(stored.name)}${baseOf(stored.name)}}`)
}

/** What app.yaml would take without being told; said here, so that somebody sees that there is a choice. */
function baseOf(name: string): string {
  if (/\.(jar|war)$/i.test(name)) return ', base: java'
  return /\.(tar|tar\.gz|tgz|zip)$/i.test(name) ? '' : ', base: binary'
}

/** A name of digits alone would be a number. */
function yamlOf(name: string): string {
  return /^[A-Za-z][\w.-]*$/.test(name) && !/^(true|false|null|yes|no|on|off)$/i.test(name) ? name : JSON.stringify(name)
}
