// pick.mjs newest|nearby RANGE < VERSIONS.json, pick.mjs fitting RANGE VERSION…: semver for the shell. Prints nothing where none fits.
import { readFileSync } from 'node:fs'
import { nearby, newest, satisfies } from './range.mjs'

const [how, range, ...given] = process.argv.slice(2)
const listed = () => [JSON.parse(readFileSync(0, 'utf8'))].flat()

const answer = {
  newest: () => newest(listed(), range) ?? '',
  nearby: () => nearby(listed(), range).join(', '),
  fitting: () =>
    (range === ''
      ? given.at(-1)
      : newest(
          given.filter((one) => satisfies(one, range)),
          '*',
        )) ?? '',
}[how]()
process.stdout.write(answer)
