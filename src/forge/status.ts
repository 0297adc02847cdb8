/** A commit's status as GitHub takes it, and Gitea and Forgejo after it. */
import type { CommitStatus } from '../ports.ts'
import { beginning, oneLine } from '../text.ts'
import type { Api } from './api.ts'
import { link } from './link.ts'

/** `repo`: the repository's path in the API. `longest`: characters of a description. Throws what Api.send() throws. */
export async function sendStatus(
  api: Api,
  repo: string,
  { commit, context, state, description, url }: CommitStatus,
  { longest, needs }: { longest: number; needs: string },
): Promise<void> {
  const target_url = link(url)
  const body = { state, context, description: beginning(oneLine(description), longest), ...(target_url && { target_url }) }
  const what = `set the status of ${commit.slice(0, 12)}`
  await api.send({ method: 'POST', path: `${repo}/statuses/${commit}`, body, what, needs })
}
