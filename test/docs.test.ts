/** The documentation holds: its links, examples, commands, files and tables are checked against the project. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createProgram } from '../src/cli/program.ts'
import { platformJsonSchema } from '../src/config/json-schema.ts'
import { parsePlatform } from '../src/config/platform.ts'
import { appJsonSchema } from '../src/manifest/json-schema.ts'
import { parseManifest } from '../src/manifest/manifest.ts'

const root = dirname(import.meta.dirname)
const read = (path: string) => readFileSync(join(root, path), 'utf8')

const examples = readdirSync(join(root, 'examples')).map((name) => `examples/${name}/README.md`)
const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).flatMap((name) =>
  name.endsWith('.md') ? [`docs/${name}`] : [],
)
const pages = ['README.md', 'CONTRIBUTING.md', ...docs, ...examples].filter((path) => existsSync(join(root, path)))
const texts = new Map(pages.map((path) => [path, read(path)]))

interface Block {
  where: string
  /** What stands behind the fence: `yaml app.yaml`. */
  kind: string
  body: string
}

const blocks = pages.flatMap((page): Block[] =>
  [...(texts.get(page) ?? '').matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(({ 1: kind = '', 2: body = '', index }) => {
    const line = (texts.get(page) ?? '').slice(0, index).split('\n').length
    return { where: `${page}:${line}`, kind, body }
  }),
)
const prose = (page: string) => (texts.get(page) ?? '').replace(/^```.*\n[\s\S]*?^```$/gm, '')
const spans = (page: string) => [...prose(page).matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '')
const of = (kind: string) => blocks.filter((block) => block.kind === kind)

/** The id that a heading gets on the usual git hosts. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-')
}
const anchors = (text: string) => [...text.matchAll(/^#+ (.+)$/gm)].map((match) => anchor(match[1] ?? ''))

describe.each(pages)('%s', (page) => {
  const links = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '')
  const local = links.filter((link) => !/^[a-z]+:/.test(link))

  it('links to what is there', () => {
    const broken = local.filter((link) => {
      const [path = '', heading] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      if (!existsSync(join(root, target))) return true
      return heading !== undefined && !anchors(read(target)).includes(heading)
    })
    expect(broken).toEqual([])
  })

  it('names commands and options that there are', () => {
    const program = createProgram()
    const lines = blocks.filter(({ where }) => where.startsWith(`${page}:`)).flatMap(({ body }) => body.split('\n'))
    const typed = lines.flatMap((line) => /^\S*\$ (trimtab .*)$/.exec(line)?.[1]?.replace(/\s+#.*$/, '') ?? [])
    const named = spans(page).filter((span) => /^trimtab [a-z-]/.test(span))
    const wrong = [...typed, ...named].filter((text) => !isCommand(program, text))
    expect(wrong).toEqual([])
  })

  it('names files of the project that there are', () => {
    const paths = spans(page).filter((span) => /^(src|test|scripts|examples|buildpacks|docs)\/[\w./-]*$/.test(span))
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  it('names scripts that there are', () => {
    const scripts = Object.keys(JSON.parse(read('package.json')).scripts)
    const text = texts.get(page) ?? ''
    const named = [...text.matchAll(/npm (?:run ([a-z]+)|(start|test)\b)/g)].map((match) => match[1] ?? match[2] ?? '')
    expect(named.filter((name) => !scripts.includes(name))).toEqual([])
  })

  it('tells nothing of the machine it was written on', () => {
    expect(texts.get(page)).not.toMatch(/\/(?:work|root)\/|\/tmp\/(?!trimtab-<uid>)/)
  })
})

function isCommand(program: ReturnType<typeof createProgram>, text: string): boolean {
  // What stands behind `--` is somebody else's command; a `<placeholder>` stands for any.
  const [ours = ''] = text.split(' -- ')
  const words = ours
    .replace(/--config \S+ ?/, '')
    .split(/\s+/)
    .slice(1)
  const command = program.commands.find((each) => each.name() === words[0])
  if (command === undefined) return words[0] === undefined || words[0] === '--help'
  const inner = command.commands.find((each) => each.name() === words[1])
  const known = [...command.options, ...(inner?.options ?? [])].flatMap(({ short, long }) => [short, long])
  return words.slice(1).every((word) => !word.startsWith('-') || word === '--help' || known.includes(word))
}

const TRIGGERS = {
  HOOK_SECRET: 'x',
  GIT_TOKEN: 'x',
  FORGE_TOKEN: 'x',
  SLACK_URL: 'https://hooks.example.com/x',
  MAIL_PASSWORD: 'x',
}

describe('the examples of', () => {
  it.each(of('yaml app.yaml'))('app.yaml at $where are valid', ({ body }) => {
    expect(() => parseManifest({ appYaml: body, procfile: null })).not.toThrow()
  })

  it.each(of('yaml platform.yaml'))('platform.yaml at $where are valid', ({ body }) => {
    expect(() =>
      parsePlatform(body, {
        file: 'platform.yaml',
        env: { SHOP_TOKEN: 'x', STRIPE_KEY: 'x', REGISTRY_PASSWORD: 'x', ...TRIGGERS },
      }),
    ).not.toThrow()
  })

  it('both files are there', () => {
    expect(of('yaml app.yaml').length).toBeGreaterThan(2)
    expect(of('yaml platform.yaml').length).toBeGreaterThan(2)
  })
})

describe('no', () => {
  const keys = (schema: object): string[] => {
    const { properties = {}, items, patternProperties = {}, anyOf = [] } = schema as Record<string, never>
    const inner = [...Object.values(properties), ...Object.values(patternProperties), ...(items ? [items] : []), ...anyOf]
    return [...Object.keys(properties), ...inner.flatMap((each) => keys(each as object))]
  }
  const mentions = (page: string, name: string) => new RegExp(`\\b${name}\\b`).test(texts.get(page) ?? '')

  it('key of app.yaml is left out', () => {
    expect(keys(appJsonSchema()).filter((key) => !mentions('docs/app-yaml.md', key))).toEqual([])
  })

  it('key of platform.yaml is left out', () => {
    expect(keys(platformJsonSchema()).filter((key) => !mentions('docs/platform-yaml.md', key))).toEqual([])
  })

  it('command is left out', () => {
    const commands = createProgram().commands.map((command) => `## ${command.name()}\n`)
    expect(commands.filter((heading) => !texts.get('docs/cli.md')?.includes(heading))).toEqual([])
  })

  it('failure code is left out', () => {
    const codes = [...read('src/errors.ts').matchAll(/^ {2}\| '(\w+)'/gm)].map((match) => match[1])
    expect(codes.length).toBeGreaterThan(20)
    expect(codes.filter((code) => !texts.get('docs/operations.md')?.includes(`| \`${code}\` |`))).toEqual([])
  })

  it('dependency is left out', () => {
    const { dependencies } = JSON.parse(read('package.json'))
    expect(Object.keys(dependencies).filter((name) => !texts.get('docs/ARCHITECTURE.md')?.includes(`| ${name} |`))).toEqual([])
  })
})
