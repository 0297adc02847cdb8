/** What the operator declares of what builds, runs and routes. */
import type { Auth, ForgeSpec } from './app.ts'

/** `auto` is decided when trimtab starts; from then on it is one of the others. */
export type RuntimeSpec =
  | ProcessRuntimeSpec
  | DockerRuntimeSpec
  | { kind: 'auto'; process: ProcessRuntimeSpec; docker: DockerRuntimeSpec }

export interface ProcessRuntimeSpec {
  kind: 'process'
  ports: { from: number; to: number }
}

export interface DockerRuntimeSpec {
  kind: 'docker'
  /** Absolute path of the engine's socket. Absent: DOCKER_HOST where that is a unix:// address, else /var/run/docker.sock. */
  socket?: string
  /** Tells platforms on one engine apart: the value of the label trimtab.platform. Absent: derived from the state directory. */
  name?: string
  /** The network the instances are on. Absent: one of the platform's own, trimtab-<name>. */
  network?: string
  /** Its addresses, such as 10.86.0.0/16. Absent: what the engine finds to be free. */
  subnet?: string
}

export type RouterSpec = { kind: 'embedded'; listen: Listen } | TraefikSpec

export interface TraefikSpec {
  kind: 'traefik'
  /** Who runs it: trimtab, as a process or as a container, or somebody else. */
  run: { by: 'binary'; binary: string } | { by: 'container'; image: string } | { by: 'external'; routes: string; api: string }
  listen: Listen
  /** Absent: no HTTPS. */
  https?: Https
}

export interface Https {
  listen: Listen
  /** Absent: certificates come from `files` alone. */
  acme?: {
    email?: string
    challenge: 'http' | 'tls'
    /** Address of the authority's directory. */
    directory: string
    /** Absolute path of a PEM file with the authority's own CA, where it is a private one. */
    ca?: string
  }
  /** Absolute paths of PEM files. */
  files: Array<{ certificate: string; key: string }>
  /** Plain HTTP requests are sent on to HTTPS. */
  redirect: boolean
  /** Strict-Transport-Security; absent: none is sent. */
  hsts?: { maxAgeSeconds: number; includeSubdomains: boolean; preload: boolean }
}

export interface BuildsSpec {
  concurrency: number
  timeoutMs: number
  ca?: string
  env: Record<string, string>
  /** Limits of one build in a container. */
  memoryBytes?: number
  cpus?: number
  /** What it may have written at a time: in the app's folder, in scratch folders, in the cache. */
  diskBytes?: number
  pids?: number
}

export interface RegistrySpec {
  /** `host[:port][/prefix]`, as image names begin. */
  address: string
  /** Absent: those of `registries` for its host, or none. */
  auth?: { username: string; password: string }
}

/** What an artifact's address may be, and how large it. */
export interface ArtifactsSpec {
  allow: Array<'https' | 'http'>
  /** Addresses of this machine, and link-local ones, may be asked too. */
  local: boolean
  /** The largest there may be. */
  sizeBytes: number
}

export interface GitSpec {
  /** The transports that addresses out of a repository may use. */
  allow: Transport[]
  /** Credentials by host (`host` or `host:port`), for apps that name none: those of a fleet may name none. */
  credentials: Record<string, Auth>
  /** APIs by host, for the same. */
  forges: Record<string, ForgeSpec>
}

export type Transport = 'https' | 'ssh' | 'http' | 'file'

export interface Listen {
  host: string
  port: number
}
