/** `${VAR}` in the operator's file, so that secrets can stay out of it. */

/** Escaped `$${`, or `${…}` with whatever is in it. */
const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** The text with every `${VAR}` replaced; `$${` stands for `${`. A variable that is not set is a problem, never ''. */
export function interpolate(text: string, env: Record<string, string | undefined>): { text: string } | { problem: string } {
  const problems: string[] = []
  const result = text.replace(REFERENCE, (found: string, name: string | undefined, end: string) => {
    if (name === undefined) return `\${`
    if (end === '' || !NAME.test(name)) {
      problems.push(`expected \${NAME}, the name of an environment variable (write $\${ for a plain \${)`)
      return found
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    if (value === undefined) problems.push(`the environment variable ${name} is not set`)
    return value ?? ''
  })
  return problems.length > 0 ? { problem: [...new Set(problems)].join('; ') } : { text: result }
}
