/** What a process of an app finds in its environment: its own settings, and of the platform's nothing but the PATH. */
import { TrimtabError } from '../../errors.ts'

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export interface EnvironmentInput {
  /** HOME, as on Heroku, where it is the app's own directory too. */
  home: string
  tmp: string
  env: Record<string, string>
  /** Null: it is not meant to listen. */
  port: number | null
}

export function environment({ home, tmp, env, port }: EnvironmentInput): Record<string, string> {
  for (const [name, value] of Object.entries(env)) {
    if (name === '' || name.includes('=') || name.includes('\0') || value.includes('\0')) {
      const message = `The variable ${JSON.stringify(name.slice(0, 80))} cannot be put into an environment: a name has no '=', and neither name nor value has a NUL.`
      throw new TrimtabError('StartFailed', message)
    }
  }
  return {
    PATH: process.env.PATH || DEFAULT_PATH,
    HOME: home,
    TMPDIR: tmp,
    LANG: 'C.UTF-8',
    ...env,
    ...(port === null ? {} : { PORT: String(port) }),
  }
}
