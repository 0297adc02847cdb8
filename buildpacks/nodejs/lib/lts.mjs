// Which lines of Node.js have long-term support (github.com/nodejs/release).

const CODENAMES = {
  argon: 4,
  boron: 6,
  carbon: 8,
  dubnium: 10,
  erbium: 12,
  fermium: 14,
  gallium: 16,
  hydrogen: 18,
  iron: 20,
  jod: 22,
  krypton: 24,
}
const NEWEST_NAMED = 24

/** What .nvmrc may write in place of a version, as ranges. Any even line is one of `lts/*`: what is there should do, if it may. */
export const LTS_NAMES = {
  ...Object.fromEntries(Object.entries(CODENAMES).map(([name, major]) => [`lts/${name}`, `${major}`])),
  ...Object.fromEntries(['lts', 'lts/*'].map((name) => [name, Array.from({ length: 40 }, (_, at) => 4 + 2 * at).join(' || ')])),
}

/** Of the lines that are too young to be named here, an even one is taken to have it once it has come to its ninth minor version. */
export function isLtsLine(major, versions) {
  if (major % 2 === 1 || major < 4) return false
  return (
    major <= NEWEST_NAMED ||
    versions.some((version) => Number(/^(\d+)\.(\d+)/.exec(version)?.[1]) === major && Number(version.split('.')[1]) >= 9)
  )
}
