/** Where this machine's package managers get their packages, as `builds:` of platform.yaml: in a container they know nothing of it. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const CA = '/etc/ssl/certs/ca-certificates.crt'

export function packageRegistries(): { env: Record<string, string>; ca?: string } {
  const npm = said('npm', 'config', 'get', 'registry')
  const pip = said('python3', '-m', 'pip', 'config', 'get', 'global.index-url')
  return {
    env: { ...(npm && { npm_config_registry: npm }), ...(pip && { PIP_INDEX_URL: pip }) },
    ...(existsSync(CA) && { ca: CA }),
  }
}

function said(program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}
