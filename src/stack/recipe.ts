/** What the base image is made of: the one list, for `trimtab stack build` and for the tests. */

export interface Recipe {
  suite: string
  packages: string[]
  /** For mmdebstrap. */
  options: string[]
  /** For the import, as lines of a Dockerfile. */
  changes: string[]
}

/** What every build may call: the shell and its tools, and compilers and headers for packages with native parts. */
const COMMON = [
  ...['bash', 'ca-certificates', 'curl', 'git', 'procps', 'unzip', 'util-linux', 'xz-utils'],
  ...['g++', 'libc6-dev', 'make', 'patch', 'pkg-config'],
  ...['libffi-dev', 'libpq-dev', 'libsqlite3-dev', 'libssl-dev', 'libyaml-dev', 'zlib1g-dev'],
]

const PHP_EXTENSIONS = ['bcmath', 'curl', 'gd', 'intl', 'mbstring', 'mysql', 'pgsql', 'sqlite3', 'xml', 'zip']

/**
 * What the built-in buildpacks call, by language. Go is not in it: its toolchain comes in the version that go.mod names. Node.js and
 * Python are in every stack: other buildpacks are written in them.
 */
const LANGUAGES: Record<string, (suite: string) => string[]> = {
  java: () => ['default-jdk-headless', 'maven'],
  php: () => ['composer', 'nginx-light', 'php-cli', 'php-fpm', ...PHP_EXTENSIONS.map((name) => `php-${name}`)],
  ruby: () => ['ruby', 'ruby-bundler', 'ruby-dev'],
  // Debian's own for browsers, the newest that a stable release has; later releases have one anyway.
  rust: (suite) => (suite === 'bookworm' ? ['cargo-web', 'rustc-web'] : ['cargo', 'rustc']),
}

/** The languages that a stack may have, or not, besides those that every one has. */
export const STACK_LANGUAGES: readonly string[] = Object.keys(LANGUAGES)

const ALWAYS = ['nodejs', 'npm', 'python3', 'python3-dev', 'python3-pip', 'python3-venv']

/** A third of the files of a small system is never read in a container. Licences stay. */
const LEFT_OUT = ['doc', 'info', 'locale', 'man'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`)
const KEPT = ['*/copyright', 'apt/examples/*'].map((files) => `--dpkgopt=path-include=/usr/share/doc/${files}`)

/** A stack of this release of Debian, with these languages. */
export function stackRecipe(suite: string, languages: readonly string[] = STACK_LANGUAGES): Recipe {
  const packages = [...COMMON, ...ALWAYS, ...languages.flatMap((name) => LANGUAGES[name]?.(suite) ?? [])]
  return { ...BASE, suite, packages }
}

const BASE = {
  options: [
    '--variant=minbase',
    '--format=tar',
    ...LEFT_OUT,
    ...KEPT,
    // Java's packages put a link there, and fail without the folder.
    '--essential-hook=mkdir -p "$1/usr/share/man/man1"',
    // The user that builds and apps are. In mmdebstrap's hooks $1 is the new system's folder.
    '--customize-hook=chroot "$1" useradd --uid 1000 --user-group --home-dir /app --create-home --skel /nowhere --shell /bin/bash app',
    // Where this machine gets its packages from is nobody's business who is given the image: apt has the list of its own Debian with it.
    '--customize-hook=cd "$1" && rm -f etc/apt/sources.list etc/apt/sources.list.d/* && if [ -e usr/share/doc/apt/examples/debian.sources ]; then cp usr/share/doc/apt/examples/debian.sources etc/apt/sources.list.d/; else cp usr/share/doc/apt/examples/sources.list etc/apt/; fi',
  ],
  changes: [
    'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'ENV LANG=C.UTF-8',
    'LABEL trimtab.role=stack',
    'CMD ["/bin/bash"]',
  ],
}

/** The one that is made where nothing else is asked for. */
export const STACK_RECIPE: Recipe = stackRecipe('bookworm')

/** The arguments of an mmdebstrap that prints the image's file system. `sources`: where packages come from; none: Debian's own. */
export function debstrapArgs({ packages, options, suite }: Recipe, sources: string[]): string[] {
  return [...options, `--include=${packages.join(',')}`, suite, '-', ...sources]
}
