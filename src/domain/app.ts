/** What the operator, or a list in git, declares of an app: where it is, what opens it, who may change what runs of it. */
import type { CommitId } from './commit.ts'

/** One app as the operator declares it. */
export interface AppSpec {
  name: string
  /** An absolute local path, or a file://, http://, https://, ssh:// or scp-like address. */
  repo: string
  /** Absent: the remote's HEAD. */
  branch?: string
  /** In place of a branch: of the tags of this pattern (`v*`), the one of the highest semantic version. */
  tag?: string
  /** In place of a branch: a ref by its full name, such as refs/pull/7/head. Only trimtab itself makes such apps. */
  ref?: string
  /** Folder of the app inside the repository, with '/' between; '' is the root. Never absolute, never with '..'. */
  path: string
  auth?: Auth
  /** How often its repository is asked. Absent: as the platform says. */
  poll?: Poll
  /** Absent: the platform's. */
  webhook?: { secret: string }
  /** Whose commits may be deployed. Absent: everybody's who can push. */
  verify?: Verify
  /** The API of the host that its repository is on. Absent: there is none to be asked. */
  forge?: ForgeSpec
  previews?: PreviewsSpec
  /** Present: it is a pull request of another app, made by trimtab. */
  preview?: Preview
}

/** What opens a repository. Paths are absolute. Never shown. */
export type Auth =
  | { token: string }
  | { username: string; password: string }
  /** ssh. Absent known hosts: those of the user who runs trimtab. */
  | { key: string; knownHosts?: string }
  | { githubApp: GithubApp }

/** Opens with tokens of an installation of it, an hour each. */
export interface GithubApp {
  id: string
  /** Its private key, a PEM file. */
  key: string
  /** Absent: the one that has the repository. */
  installation?: string
  /** Absent: that of the repository's host. */
  api?: string
}

export type Poll = { everyMs: number } | { cron: string }

/** Lists of who may sign, as absolute paths: ssh-keygen's allowed signers, or armoured OpenPGP keys. At least one of them. */
export interface Verify {
  signers?: string
  keyring?: string
  /** `every`: also of the commits between the deployed one and the head. */
  commits: 'head' | 'every'
}

export type ForgeKind = 'github' | 'gitea' | 'forgejo' | 'gitlab' | 'bitbucket'

export type ForgeSpec = {
  kind: ForgeKind
  /** Address of its API, without a slash at the end. */
  api: string
} & ForgeAccess

/** What its API is asked with. Never shown. */
export type ForgeAccess =
  | {
      token: string
      /** Bitbucket's app passwords come with a user. */
      username?: string
    }
  /** GitHub's alone. */
  | { githubApp: Omit<GithubApp, 'api'> }

export interface PreviewsSpec {
  /** Pull requests with this label get one. */
  label: string
  limit: number
  /** From the last change of the pull request. */
  ttlMs: number
}

/** Which pull request an app shows. */
export interface Preview {
  /** The app it is a preview of. */
  of: string
  number: number
  /** It comes from a fork: it gets no secrets. */
  isFork: boolean
  /** Of a fork: what the label was set for, and the only commit that may be deployed. */
  commit?: CommitId
}

/** The list of apps in a repository of its own. */
export interface FleetSpec {
  repo: string
  branch?: string
  /** The file with `apps:`. */
  path?: string
  /** In its place: every match of this pattern is an app.yaml, its folder an app. */
  discover?: string
  auth?: Auth
  poll?: Poll
  webhook?: { secret: string }
  verify?: Verify
}

/** Who is told of an app's changes of state. */
export type NotifySpec = { on: NotifyOn[]; apps?: string[] } & (
  | { kind: 'webhook'; url: string; secret: string }
  | { kind: 'slack'; url: string }
  | { kind: 'email'; server: string; username?: string; password?: string; from: string; to: string[] }
)

export type NotifyOn = 'live' | 'failed' | 'recovered'
