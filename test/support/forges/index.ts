/** A forge on loopback for one test: as strict as the real one, with its state in memory. */
import type { ForgeKind, ForgeSpec } from '../../../src/domain.ts'
import { startBitbucket } from './bitbucket.ts'
import { startGitea } from './gitea.ts'
import { startGithub } from './github.ts'
import { startGitlab } from './gitlab.ts'
import type { ForgeServer } from './server.ts'
import type { ForgeState } from './state.ts'

export interface FakeForge extends ForgeServer {
  kind: ForgeKind
  state: ForgeState
  /** As platform.yaml would come to have it. */
  spec: ForgeSpec
  /** An address that names the forge's one project. No git server answers there. */
  repo: string
}

/** What trimtab uses is the same in Gitea and in Forgejo. */
const STARTS = { github: startGithub, gitea: startGitea, forgejo: startGitea, gitlab: startGitlab, bitbucket: startBitbucket }

/** `project`: owner/name, in place of acme/hello. */
export async function startForge(kind: ForgeKind, project = 'acme/hello'): Promise<FakeForge> {
  const cut = project.lastIndexOf('/')
  const { state, server, base } = await STARTS[kind](project.slice(0, cut), project.slice(cut + 1))
  const spec = { kind, api: server.origin + base, token: state.token }
  return Object.assign(server, { kind, state, spec, repo: `https://forge.example/${project}.git` })
}

export type { FakeHook, FakePull, FakeStatus, ForgeState, Role } from './state.ts'
