/** What a folder seems to be, and the files it could have. Pure: names and a few contents in, texts out. */

/** What is looked at of the app's folder. */
export interface Folder {
  /** The folder's own name. */
  name: string
  /** Paths of its files, with '/' between; only the first two levels are looked at. */
  files: ReadonlySet<string>
  /** Contents of package.json, requirements.txt and the like; only those that are there. */
  contents: Readonly<Record<string, string>>
}

export interface Proposal {
  /** A name the platform accepts. */
  name: string
  /** For a person: `a Node.js app (package.json)`. */
  kind: string
  /** Absent: the app brings its own, or has a Dockerfile. */
  buildpack?: string
  /** Present: it is built from this one. */
  dockerfile?: string
  /** Absent: the buildpack knows what to run. */
  procfile?: string
}

/** By what their buildpacks know them, in the order in which those are asked, around Node.js and Python. */
const BEFORE = [{ buildpack: 'ruby', name: 'a Ruby app', file: /^Gemfile$/ }]
const AFTER = [
  { buildpack: 'java', name: 'a Java app', file: /^(?:pom\.xml|build\.gradle(?:\.kts)?|[^/]+\.[jw]ar)$/ },
  { buildpack: 'php', name: 'a PHP app', file: /^(?:composer\.json|index\.php)$/ },
  { buildpack: 'go', name: 'a Go app', file: /^go\.mod$/ },
  { buildpack: 'rust', name: 'a Rust app', file: /^Cargo\.toml$/ },
  { buildpack: 'static', name: 'a static site', file: /^(?:(?:(?:public|dist|build|out|_site)\/)?index\.html|static\.json)$/ },
]

/** All that is looked for, for a person. */
export const LOOKED_FOR =
  'package.json, server.js, requirements.txt, pyproject.toml, Pipfile, setup.py, Gemfile, pom.xml, build.gradle, a .jar or .war, composer.json, index.php, go.mod, Cargo.toml, index.html, static.json, a Dockerfile, or a buildpack of its own (bin/detect, bin/compile, bin/release)'

/** In the order the builder asks its buildpacks; null: none would fit. */
export function propose(folder: Folder): Proposal | null {
  const has = (file: string) => folder.files.has(file)
  if (has('.buildpacks')) return { name: appNameFrom(folder.name), kind: 'an app that names its buildpacks (.buildpacks)' }
  if (['bin/detect', 'bin/compile', 'bin/release'].every(has)) {
    return { name: appNameFrom(folder.name), kind: 'an app with a buildpack of its own (bin/detect, bin/compile, bin/release)' }
  }
  const ruby = known(folder, BEFORE)
  if (ruby) return ruby
  if (has('package.json') || has('server.js')) return node(folder)
  const python = ['requirements.txt', 'pyproject.toml', 'Pipfile', 'setup.py'].find(has)
  if (python !== undefined) return pythonApp(folder, python)
  const other = known(folder, AFTER)
  if (other || !has('Dockerfile')) return other
  return { name: appNameFrom(folder.name), kind: 'an app with a Dockerfile', dockerfile: 'Dockerfile' }
}

/** What knows by itself what to run. */
function known(folder: Folder, languages: typeof AFTER): Proposal | null {
  for (const { buildpack, name, file } of languages) {
    const found = [...folder.files].sort().find((one) => file.test(one))
    if (found !== undefined) return { name: appNameFrom(folder.name), kind: `${name} (${found})`, buildpack }
  }
  return null
}

function node(folder: Folder): Proposal {
  const { name, main, scripts } = packageJson(folder.contents['package.json'])
  const entry = [main, 'server.js', 'index.js', 'app.js'].find(
    (file) => file !== undefined && folder.files.has(file.replace(/^\.\//, '')),
  )
  const command = startCommand(scripts?.start) ?? (entry === undefined ? undefined : `node ${entry}`)
  return {
    name: appNameFrom(name ?? folder.name),
    kind: `a Node.js app (${folder.files.has('package.json') ? 'package.json' : 'server.js'})`,
    buildpack: 'nodejs',
    ...(command !== undefined && { procfile: `web: ${command}\n` }),
  }
}

/** A plain `node server.js` is taken out of the script: without npm between, the process gets its stop signal itself. */
function startCommand(start: string | undefined): string | undefined {
  if (start === undefined) return undefined
  return /^node [\w./-]+$/.test(start.trim()) ? start.trim() : 'npm start'
}

function pythonApp(folder: Folder, found: string): Proposal {
  const wanted = Object.values(folder.contents).join('\n').toLowerCase()
  const module = ['app', 'main', 'wsgi', 'server'].find((name) => folder.files.has(`${name}.py`)) ?? 'app'
  return {
    name: appNameFrom(folder.name),
    kind: `a Python app (${found})`,
    buildpack: 'python',
    procfile: `web: ${pythonCommand(folder, wanted, module)}\n`,
  }
}

function pythonCommand(folder: Folder, wanted: string, module: string): string {
  const wsgi = [...folder.files].find((file) => /^[^/]+\/wsgi\.py$/.test(file))
  if (wanted.includes('gunicorn'))
    return `gunicorn --bind 0.0.0.0:$PORT ${wsgi === undefined ? `${module}:app` : wsgi.replace('/wsgi.py', '.wsgi')}`
  if (wanted.includes('uvicorn') || wanted.includes('fastapi')) return `uvicorn ${module}:app --host 0.0.0.0 --port $PORT`
  if (folder.files.has('manage.py')) return 'python manage.py runserver 0.0.0.0:$PORT'
  if (/^flask\b/m.test(wanted)) return `flask --app ${module} run --host 0.0.0.0 --port $PORT`
  return `python ${module}.py`
}

interface PackageJson {
  name?: string
  main?: string
  scripts?: { start?: string }
}

/** Only fields of the kind that is expected: the file may hold anything. */
function packageJson(text: string | undefined): PackageJson {
  try {
    const { name, main, scripts } = JSON.parse(text ?? '{}') as Record<string, unknown>
    const start = (scripts as Record<string, unknown> | undefined)?.start
    return {
      ...(typeof name === 'string' && { name }),
      ...(typeof main === 'string' && /^[\w./-]+$/.test(main) && { main }),
      ...(typeof start === 'string' && { scripts: { start } }),
    }
  } catch {
    return {}
  }
}

/** `@acme/My Shop` → `my-shop`: lower-case letters, digits and -, beginning with a letter, at most 40 long. */
export function appNameFrom(text: string): string {
  const words = text.toLowerCase().replace(/^@[^/]*\//, '')
  const name = words
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 40)
    .replace(/-+$/, '')
  return name === '' ? 'app' : name
}
