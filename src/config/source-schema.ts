/** What platform.yaml and a fleet file say of a repository: where it is, what opens it, who may change what runs from it. */
import { validate as isCron } from 'node-cron'
import { z } from 'zod'
import { duration, parseDuration } from '../manifest/duration.ts'
import { parseGlob } from '../manifest/glob.ts'
import { appName, mapping, oneOf, text, wholeNumber } from '../manifest/values.ts'
import { addressProblem } from './address.ts'
import { branchName, file, folder, secretText, webAddress } from './values.ts'

const POLL = 'expected a duration from 1s to 24h such as 30s, or a cron expression such as "*/5 * * * *"'

export const poll = z
  .string({ error: POLL })
  .max(100, { error: POLL, abort: true })
  .refine((written) => isPollInterval(written) || isSchedule(written), { error: POLL })
  .transform((written) => (isPollInterval(written) ? { everyMs: parseDuration(written) ?? 0 } : { cron: written.trim() }))

function isPollInterval(written: string): boolean {
  const ms = parseDuration(written)
  return ms !== null && ms >= 1000 && ms <= 86_400_000
}

function isSchedule(written: string): boolean {
  return parseDuration(written) === null && isCron(written)
}

export const repo = z
  .string({ error: 'expected the address of a git repository' })
  .max(2000, { error: 'is too long for an address', abort: true })
  .superRefine((address, context) => {
    const message = addressProblem(address)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

const AUTH = 'takes a token, or a username and a password, or an ssh key, or a githubApp'

const ofGithubApp = {
  id: text("expected the App's client id, or its number in quotes", /^[A-Za-z0-9.]{1,60}$/),
  key: file("the App's private key, a PEM file"),
  installation: text("expected the installation's number, in quotes", /^\d{1,20}$/)
    .exactOptional()
    .describe('Default: the installation that has the repository.'),
}

const githubApp = mapping({
  ...ofGithubApp,
  api: webAddress("expected the address of GitHub's API").exactOptional().describe('Default: that of the repository’s host.'),
}).describe('Tokens of a GitHub App, an hour each.')

export const auth = mapping({
  token: secretText().exactOptional().describe(`An access token, as "\${NAME}" from the environment.`),
  username: secretText().exactOptional(),
  password: secretText().exactOptional().describe(`As "\${NAME}" from the environment.`),
  key: file('a private ssh key without a passphrase').exactOptional().describe('For ssh addresses: the path of a private key.'),
  knownHosts: file('a known_hosts file')
    .exactOptional()
    .describe("With key: the host keys that are accepted. Default: the user's own."),
  githubApp: githubApp.exactOptional(),
}).transform(({ token, username, password, key, knownHosts, githubApp }, context) => {
  const kinds = [token, username ?? password, key ?? knownHosts, githubApp].filter((one) => one !== undefined)
  if (kinds.length === 1) {
    if (token !== undefined) return { token }
    if (githubApp !== undefined) return { githubApp }
    if (username !== undefined && password !== undefined) return { username, password }
    if (key !== undefined) return { key, ...(knownHosts !== undefined && { knownHosts }) }
  }
  context.issues.push({ code: 'custom', input: undefined, message: AUTH })
  return z.NEVER
})

export const webhook = mapping({
  secret: secretText().describe(`What the forge signs its deliveries with, as "\${NAME}" from the environment.`),
})

export const verify = mapping({
  signers: file('a file of allowed signers, as ssh-keygen has it').exactOptional().describe("ssh-keygen's allowed_signers."),
  keyring: file('a file of armoured OpenPGP keys').exactOptional().describe('Armoured OpenPGP public keys.'),
  commits: oneOf(['head', 'every'])
    .exactOptional()
    .describe('Which have to be signed: the head alone, or every commit since the deployed one. Default: head.'),
}).refine(({ signers, keyring }) => signers !== undefined || keyring !== undefined, { error: 'needs signers or keyring' })

export const forge = mapping({
  kind: oneOf(['github', 'gitea', 'forgejo', 'gitlab', 'bitbucket'])
    .exactOptional()
    .describe('Default: guessed from the address.'),
  api: webAddress('expected the address of an API').exactOptional().describe('Default: made from the address of the repository.'),
  token: secretText().exactOptional().describe(`As "\${NAME}" from the environment.`),
  username: secretText().exactOptional().describe("For Bitbucket's app passwords."),
  githubApp: mapping(ofGithubApp)
    .exactOptional()
    .describe('GitHub alone, in place of a token: tokens of a GitHub App, an hour each.'),
}).transform(({ token, username, githubApp, ...rest }, context) => {
  if (token !== undefined && githubApp === undefined) return { ...rest, token, ...(username !== undefined && { username }) }
  if (githubApp !== undefined && token === undefined && username === undefined) return { ...rest, githubApp }
  context.issues.push({ code: 'custom', input: undefined, message: 'takes a token, or a githubApp' })
  return z.NEVER
})

export const previews = mapping({
  label: text('expected the name of a label', /^[^\s,](?:[^\0\n\r,]{0,98}[^\s,])?$/)
    .exactOptional()
    .describe('Default: preview.'),
  limit: wholeNumber(1, 100).exactOptional().describe('How many there may be at a time. Default: 5.'),
  ttl: duration('1m', '8760h').exactOptional().describe('From the last change of the pull request. Default: 72h.'),
}).describe('An app of its own for each pull request with the label.')

const TAG = 'expected a pattern of tags such as v* or release-*'

export const tag = text(TAG, /^[A-Za-z0-9*][A-Za-z0-9*._/-]{0,99}$/)

/** Of an app, in both files. */
export const appKeys = {
  name: appName().describe('Lower-case letters, digits and -.'),
  repo: repo.describe('A path, file:///path, https://host/path, ssh://user@host/path or user@host:path.'),
  branch: branchName().exactOptional().describe("Default: the remote's HEAD."),
  tag: tag.exactOptional().describe('In place of a branch: of the tags of this pattern, the one of the highest version.'),
  path: folder().default('').describe('Folder of the app inside the repository. Default: its root.'),
  poll: poll.exactOptional().describe('Default: the platform’s.'),
  previews: previews.exactOptional(),
}

/** Of a repository, in the operator's file alone. */
export const trustKeys = {
  auth: auth.exactOptional().describe('{token}, {username, password} or {githubApp} for http(s); {key, knownHosts} for ssh.'),
  webhook: webhook.exactOptional(),
  verify: verify.exactOptional().describe('Only commits that somebody on these lists has signed are deployed.'),
}

export const app = mapping(
  { ...appKeys, ...trustKeys, forge: forge.exactOptional().describe("The git host's API: commit status, webhooks, previews.") },
  'expected a mapping such as {name: hello, repo: ./hello.git}',
).refine(({ branch, tag }) => branch === undefined || tag === undefined, { error: 'takes a branch or a tag, not both' })

const PATTERN = 'expected a pattern such as apps/*/app.yaml'

const fleet = mapping({
  repo: repo.describe('The repository.'),
  branch: branchName().exactOptional().describe("Default: the remote's HEAD."),
  path: text('expected the path of a file in the repository', /^[^\0/][^\0]*$/)
    .exactOptional()
    .describe('The file that lists the apps, under apps:. Default: apps.yaml, where there is no discover.'),
  discover: text(PATTERN, /^(?!.*\.\.)(?:[^\0/][^\0]*\/)?app\.yaml$/)
    .refine((pattern) => parseGlob(pattern) !== null, { error: PATTERN })
    .exactOptional()
    .describe('Every match is an app.yaml, and its folder an app.'),
  poll: poll.exactOptional(),
  ...trustKeys,
}).refine(({ path, discover }) => path === undefined || discover === undefined, { error: 'takes a path or discover, not both' })

export const fleets = z
  .union([fleet.transform((one) => [one]), z.array(fleet, { error: 'expected a mapping such as {repo: …, path: apps.yaml}' })])
  .describe('Repositories that list apps.')
