/** What a process of an app finds in its environment: its own settings, and of the platform's nothing but the PATH. */
import { checkVariables } from '../variables.ts'

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
  checkVariables(env)
  return {
    PATH: process.env.PATH || DEFAULT_PATH,
    HOME: home,
    TMPDIR: tmp,
    LANG: 'C.UTF-8',
    ...env,
    ...(port === null ? {} : { PORT: String(port) }),
  }
}
