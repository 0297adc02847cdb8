/** The first lines of `up`: what is watched, where it answers, how to go on. */
import type { PlatformSpec } from '../domain.ts'

export function greeting(platform: PlatformSpec, urls: (app: string) => string[], root: boolean): string[] {
  const { apps } = platform
  const width = Math.max(...apps.map((app) => app.name.length), 0)
  return [
    ...(root
      ? [
          'Warning: trimtab runs as root, and on this runtime so does the code of every repository it deploys. Give it a user of its own.',
        ]
      : []),
    `Watching ${apps.length} ${apps.length === 1 ? 'app' : 'apps'}: each commit is built and goes live by itself, and a revert brings the old version back.`,
    ...apps.map((app) => `  ${app.name.padEnd(width)}  ${urls(app.name).join('  ')}`.trimEnd()),
    'In another terminal: trimtab status, trimtab events -f, trimtab logs <app>. Ctrl-C ends trimtab; the apps keep running.',
  ]
}
