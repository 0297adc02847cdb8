/** A forge on loopback for one test: as strict as the real one, with its state in memory. */
import type { ForgeKind, ForgeSpec } from '../../../src/domain.ts'
import { Bitbucket } from './bitbucket.ts'
import { Gitea } from './gitea.ts'
import { Github } from './github.ts'
import { Gitlab } from './gitlab.ts'
import { type ForgeServer, serveForge } from './server.ts'
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
const APIS = { github: Github, gitea: Gitea, forgejo: Gitea, gitlab: Gitlab, bitbucket: Bitbucket }

/** `project`: owner/name, in place of acme/hello. */
export async function startForge(kind: ForgeKind, project = 'acme/hello'): Promise<FakeForge> {
  const cut = project.lastIndexOf('/')
  const api = new APIS[kind](project.slice(0, cut), project.slice(cut + 1))
  const server = await serveForge(api)
  const { state, base } = api
  const spec = { kind, api: server.origin + base, token: state.token }
  return Object.assign(server, { kind, state, spec, repo: `https://forge.example/${project}.git` })
}

export type { FakeHook, FakePull, FakeStatus, ForgeState, Role } from './state.ts'
