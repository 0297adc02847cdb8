import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Every file and link below a folder with its mode and a hash of what is in it, but for times and owners. */
export function filesOf(root: string): Record<string, string> {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(
    paths.map((path) => {
      const stat = lstatSync(join(root, path))
      const mode = (stat.mode & 0o7777).toString(8)
      if (stat.isDirectory()) return [path, `folder ${mode}`]
      if (stat.isSymbolicLink()) return [path, `link to ${readlinkSync(join(root, path))}`]
      return [
        path,
        `${mode} ${createHash('sha256')
          .update(readFileSync(join(root, path)))
          .digest('hex')}`,
      ]
    }),
  )
}
