/** What the base image is made of: the one list, for `trimtab stack build` and for the tests. */

export interface Recipe {
  suite: string
  packages: string[]
  /** For mmdebstrap. */
  options: string[]
  /** For the import, as lines of a Dockerfile. */
  changes: string[]
}

/** The first group is what the built-in buildpacks and most others call; the second is for npm and pip packages with native parts. */
const PACKAGES = [
  ...['bash', 'ca-certificates', 'curl', 'git', 'nodejs', 'npm', 'procps', 'python3', 'python3-pip', 'python3-venv'],
  ...['unzip', 'util-linux', 'xz-utils'],
  ...['g++', 'libc6-dev', 'make', 'python3-dev'],
]

/** A third of the files of a small system is never read in a container. Licences stay. */
const LEFT_OUT = ['doc', 'info', 'locale', 'man'].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`)
const KEPT = '--dpkgopt=path-include=/usr/share/doc/*/copyright'

export const STACK_RECIPE: Recipe = {
  suite: 'bookworm',
  packages: PACKAGES,
  options: [
    '--variant=minbase',
    '--format=tar',
    ...LEFT_OUT,
    KEPT,
    // The user that builds and apps are. In mmdebstrap's hooks $1 is the new system's folder.
    '--customize-hook=chroot "$1" useradd --uid 1000 --user-group --home-dir /app --create-home --skel /nowhere --shell /bin/bash app',
    // Where this machine gets its packages from is nobody's business who is given the image.
    '--customize-hook=rm -f "$1"/etc/apt/sources.list.d/*; echo "deb http://deb.debian.org/debian $(. "$1/etc/os-release"; echo "$VERSION_CODENAME") main" > "$1/etc/apt/sources.list"',
  ],
  changes: [
    'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'ENV LANG=C.UTF-8',
    'LABEL trimtab.role=stack',
    'CMD ["/bin/bash"]',
  ],
}

/** The arguments of an mmdebstrap that prints the image's file system. `sources`: where packages come from; none: Debian's own. */
export function debstrapArgs({ packages, options, suite }: Recipe, sources: string[]): string[] {
  return [...options, `--include=${packages.join(',')}`, suite, '-', ...sources]
}
