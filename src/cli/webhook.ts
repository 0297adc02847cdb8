import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { act, examples } from './context.ts'
import { renderWebhook, renderWebhooks } from './render/webhook.ts'

export function addWebhook(program: Command): void {
  const webhook = program
    .command('webhook')
    .description('what the forge has to be told so that it announces pushes: address, secret, and what to click')
    .argument('[name]', "an app, or a repository's id; without one, every repository and its address")
    .option('--json', 'print an object, with the secret')
    .addHelpText('after', examples('trimtab webhook', 'trimtab webhook shop', 'trimtab webhook install shop'))
    .action(
      act<[string | undefined, { json?: true }]>(async (context, name, { json }) => {
        const client = await context.client()
        if (name === undefined) {
          const all = await client.webhooks()
          return json ? context.json(all) : context.say(renderWebhooks(all))
        }
        const found = await client.webhook(name)
        if (json) return context.json(found)
        // For GitLab it has to have this form, and everybody else takes it as well.
        context.say(renderWebhook(found, `whsec_${randomBytes(32).toString('base64')}`))
      }),
    )
  webhook
    .command('install')
    .description("make it by the forge's API, or set it right")
    .argument('<name>', "an app, or a repository's id")
    .option('--json', 'print {url, done}')
    .addHelpText('after', examples('trimtab webhook install shop'))
    .action(
      act<[string]>(async (context, name) => {
        // Both commands have this option, and the outer one takes it.
        const json = webhook.opts<{ json?: true }>().json
        const { url, done } = await (await context.client()).installWebhook(name)
        if (json) context.json({ url, done })
        else context.say(`${done === 'made' ? 'Made' : 'It was there, and is set right'}: ${url}`)
      }),
    )
}
