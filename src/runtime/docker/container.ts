/** What the engine is asked to make of an instance, as a value. API reference: ContainerCreate of the Docker Engine API, 1.41. */
import type { ContainerCreateOptions, HostConfig } from 'dockerode'
import type { InstanceSpec, Listen, Stop } from '../../domain.ts'
import { TrimtabError } from '../../errors.ts'
import { signalName } from '../signals.ts'
import { checkVariables } from '../variables.ts'

export interface ContainerPlan {
  name: string
  labels: Record<string, string>
  /** The network's name. */
  network: string
  /** Where its PORT is to answer; null: it is not meant to listen. */
  address: Listen | null
  /** A foreign image that runs as root unless it is told otherwise. */
  isRoot: boolean
  /** Present: a one-off with somebody at its terminal. */
  attached?: { stdin: boolean; tty: boolean }
}

/** The port of an app that says nothing of one: Heroku's, in its examples. */
export const PORT = 5000

/** The launcher of an image that buildpacks made: it sources .profile.d and becomes the command. */
const LAUNCH = ['/bin/bash', '/app/.trimtab/launch']

/** A kernel takes no longer single string for a new program: MAX_ARG_STRLEN, execve(2). */
const LONGEST = 128 * 1024 - 1
/** Nor more of them in all than a quarter of the usual stack of 8 MiB. */
const LARGEST = 2 * 1024 * 1024 - 64 * 1024

/** Threads count too; a fork bomb ends here. */
const PIDS = 1024

/** What root needs to be of any use in an image that was made for it: to change owners and users, and to listen on port 80. */
const ROOT_CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'NET_BIND_SERVICE', 'SETGID', 'SETUID']

/** Throws StartFailed for what no container can be made of. */
export function containerOf(spec: InstanceSpec, plan: ContainerPlan): ContainerCreateOptions {
  const { image, stop } = spec
  const { address, attached } = plan
  return {
    name: plan.name,
    Image: image.ref,
    Labels: plan.labels,
    ...commandOf(spec),
    Env: environmentOf(spec, address),
    StopSignal: signalName(stop.signal),
    StopTimeout: seconds(stop), // when the engine itself is shut down
    ...(attached && {
      Tty: attached.tty,
      OpenStdin: attached.stdin,
      StdinOnce: attached.stdin,
      AttachStdin: attached.stdin,
      AttachStdout: true,
      AttachStderr: true,
    }),
    HostConfig: hostConfigOf(spec, plan),
    NetworkingConfig: {
      EndpointsConfig: { [plan.network]: address ? { IPAMConfig: { IPv4Address: address.host } } : {} },
    },
  }
}

/** The engine counts in whole ones. */
export function seconds({ timeoutMs }: Pick<Stop, 'timeoutMs'>): number {
  return Math.ceil(Math.min(Math.max(0, timeoutMs), 2 ** 31 - 1) / 1000)
}

function commandOf({ image, command, process }: InstanceSpec): Pick<ContainerCreateOptions, 'Cmd' | 'Entrypoint'> {
  if (command.includes('\0')) throw new TrimtabError('StartFailed', `The command of ${process} has a NUL in it.`)
  if (!image.foreign) return { Entrypoint: LAUNCH, Cmd: ['-c', command] }
  return command === image.processTypes.web ? {} : { Entrypoint: ['/bin/sh', '-c'], Cmd: [command] }
}

/** A command in a container that runs already, with the same environment. */
export function insideOf(foreign: boolean, command: string[]): string[] {
  return foreign ? command : [...LAUNCH, '-c', command.map(quoted).join(' ')]
}

/** For a shell, as it was typed, whatever is in it. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

function environmentOf({ image, env }: InstanceSpec, address: Listen | null): string[] {
  checkVariables(env)
  const all = {
    // Its init passes signals on to the command's whole group, as local processes get them (tini(1), -g).
    ...(image.foreign ? {} : { HOME: '/app', TINI_KILL_PROCESS_GROUP: '1' }),
    ...env,
    ...(address && { PORT: String(address.port) }),
  }
  const list = Object.entries(all).map(([name, value]) => `${name}=${value}`)
  const sizes = list.map((one) => Buffer.byteLength(one) + 1)
  if (Math.max(0, ...sizes) > LONGEST || sizes.reduce((sum, size) => sum + size, 0) > LARGEST) {
    throw new TrimtabError('StartFailed', 'Its environment and command are larger than the system allows; make them smaller.')
  }
  return list
}

function hostConfigOf({ image, limits, oneOff }: InstanceSpec, { network, isRoot }: ContainerPlan): HostConfig {
  const { memoryBytes, cpus } = limits ?? {}
  return {
    Init: true,
    // Apps are back after a reboot before trimtab is; while trimtab is there, it has the say (see deaths.ts).
    RestartPolicy: { Name: oneOff ? 'no' : 'unless-stopped' },
    NetworkMode: network,
    ...(memoryBytes !== undefined && { Memory: memoryBytes, MemorySwap: memoryBytes }),
    ...(cpus !== undefined && { NanoCpus: Math.round(cpus * 1e9) }),
    PidsLimit: PIDS,
    OomScoreAdj: 300, // short of memory, the kernel takes an app before the engine or trimtab
    LogConfig: {
      Type: 'json-file',
      Config: { 'max-size': '10m', 'max-file': '3', mode: 'non-blocking', 'max-buffer-size': '4m' },
    },
    SecurityOpt: ['no-new-privileges:true'],
    CapDrop: ['ALL'],
    ...(image.foreign && isRoot && { CapAdd: ROOT_CAPABILITIES }),
  }
}
