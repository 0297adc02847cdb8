/** The container that Traefik runs in, as a value. Pure. */
import type { ContainerCreateOptions } from 'dockerode'
import type { Https, Listen } from '../../domain.ts'
import { LABEL } from '../../engine/labels.ts'
import type { Place } from './place.ts'

/**
 * Where it listens inside: high ports, so that it needs no right to low ones. Apps on the same network can reach these; what they
 * would see of the API is behind its key.
 */
export const INSIDE = { http: 8080, https: 8443, api: 8081 }

export interface ContainerInput {
  name: string
  platform: string
  image: string
  network: string
  listen: Listen
  https: Https | undefined
  apiPort: number
  place: Place
  routes: string
  /** Hash of all that it is made of. */
  made: string
  /** Who trimtab is: what it writes into the state is then trimtab's. Absent where there are no such numbers. */
  user: string | undefined
}

export function containerSpec(input: ContainerInput): ContainerCreateOptions {
  const { place, routes, listen, https, apiPort } = input
  const published: Array<[inside: number, outside: Listen]> = [
    [INSIDE.http, listen],
    ...(https ? [[INSIDE.https, https.listen] as [number, Listen]] : []),
    [INSIDE.api, { host: '127.0.0.1', port: apiPort }],
  ]
  return {
    name: input.name,
    Image: input.image,
    Entrypoint: ['traefik'],
    Cmd: [`--configFile=${place.config}`],
    ...(input.user !== undefined && { User: input.user }),
    Labels: {
      [LABEL.platform]: input.platform,
      [LABEL.role]: 'router',
      [LABEL.spec]: input.made,
    },
    ExposedPorts: Object.fromEntries(published.map(([inside]) => [`${inside}/tcp`, {}])),
    HostConfig: {
      NetworkMode: input.network,
      PortBindings: Object.fromEntries(
        published.map(([inside, { host, port }]) => [`${inside}/tcp`, [{ HostIp: host, HostPort: String(port) }]]),
      ),
      // At the same paths as outside: the configuration is the same for a process and for a container.
      Mounts: [
        { Type: 'bind', Source: place.dir, Target: place.dir },
        { Type: 'bind', Source: routes, Target: routes, ReadOnly: true },
      ],
      RestartPolicy: { Name: 'unless-stopped' },
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
    },
  }
}
