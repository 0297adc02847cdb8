/** Who may pass a route's basicAuth: a secret of the platform's, as htpasswd lines. */
import { isUser } from '../manifest/http.ts'

/** The lines of a secret, or why it has none. The reason names the secret and the line, and never what stands there. */
export function usersOf(secrets: Record<string, string>, name: string): { users: string[] } | { problem: string } {
  const secret = Object.hasOwn(secrets, name) ? secrets[name] : undefined
  if (secret === undefined) {
    return { problem: `there is no secret "${name}"; the operator adds it to platform.yaml (secrets: {${name}: …})` }
  }
  const users: string[] = []
  for (const [index, written] of secret.split('\n').entries()) {
    const line = written.trim()
    if (line === '' || line.startsWith('#')) continue
    if (!isUser(line)) {
      const how = 'a name and its hash ($2y$…, $apr1$… or {SHA}…), as "htpasswd -nB <name>" prints them, never a password'
      return { problem: `line ${index + 1} of the secret "${name}" is no line of htpasswd: expected ${how}` }
    }
    if (users.some((other) => other.split(':')[0] === line.split(':')[0])) {
      return { problem: `line ${index + 1} of the secret "${name}" is a second line of the same user` }
    }
    users.push(line)
  }
  return users.length > 0 ? { users } : { problem: `the secret "${name}" holds no line of htpasswd` }
}
