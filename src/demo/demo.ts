/** `trimtab demo`: the whole story in a temporary directory: a commit goes live, a change follows, a revert brings the old one back. */
import { type Stage, setStage } from './stage.ts'
import { tell } from './timeline.ts'
import { ask, type Visitor, visit } from './visitor.ts'

/** Tells the story line by line; gives the exit code. Leaves nothing behind, unless `keep`. */
export async function demo({ keep, log }: { keep: boolean; log(line: string): void }): Promise<number> {
  const stage = await setStage()
  let visitor: Visitor | null = null
  let told = false
  const interrupted = () => void stage.strike().finally(() => process.exit(130))
  process.once('SIGINT', interrupted)
  try {
    log(`A repository with one file of Node, and trimtab watching it, in ${stage.dir}`)
    await running(stage)

    log('\nThe first commit:')
    let commit = await made(() => stage.commit('Say hello'))
    await tell(stage.client, commit.id, commit.at, false, log)
    log(`  ${stage.url} answers: ${(await ask(stage.url)).body.trim()}`)
    visitor = visit(stage.url)

    log('\nA change is committed, while somebody asks 200 times a second:')
    await stage.edit('server.js', (text) => text.replace('Hello from', 'Good morning from'))
    commit = await made(() => stage.commit('Say good morning'))
    await tell(stage.client, commit.id, commit.at, true, log)
    log(`  answers: ${(await ask(stage.url)).body.trim()}`)

    log('\ngit revert --no-edit HEAD:')
    commit = await made(() => stage.revert())
    const events = await tell(stage.client, commit.id, commit.at, true, log)
    log(`  answers: ${(await ask(stage.url)).body.trim()}`)
    if (events.includes('BuildStarted')) throw new Error('the revert was built, although its image was there')

    await visitor.stop()
    const { answered, lost } = visitor.counts()
    log(`\n${answered} requests were answered meanwhile, ${lost} were lost.`)
    told = lost === 0
  } catch (error) {
    log(`The demo failed: ${error instanceof Error ? error.message : String(error)}`)
  }
  await visitor?.stop()
  process.removeListener('SIGINT', interrupted)
  if (keep) return leave(stage, told, log)
  await stage.strike()
  return told ? 0 : 1
}

async function made(commit: () => Promise<string>): Promise<{ id: string; at: number }> {
  const at = Date.now()
  return { id: await commit(), at }
}

/** Until the API answers. */
async function running(stage: Stage): Promise<void> {
  for (let left = 200; ; left--) {
    try {
      await stage.client.version()
      return
    } catch (error) {
      if (left === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
}

function leave(stage: Stage, told: boolean, log: (line: string) => void): number {
  log(`\nIt is left running. Commit in ${stage.repo} and look at ${stage.url}`)
  log(`  trimtab --config ${stage.config} status`)
  log(`  trimtab --config ${stage.config} down   (then remove ${stage.dir})`)
  return told ? 0 : 1
}
