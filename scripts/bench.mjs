/** `npm run bench [-- NAME …]`: measures, prints one table, and (when all of it ran) writes docs/BENCHMARKS.md. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { ready, root } from './ready.mjs'

const ALL = ['rollout', 'requests', 'docker', 'builds', 'containers', 'thousand', 'polling', 'router', 'hooks']

ready()
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !ALL.includes(name))
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}. There are: ${ALL.join(', ')}.`)
  process.exit(2)
}
if (process.platform !== 'linux') {
  console.error('The benches read processor time and memory from /proc, which only Linux has.')
  process.exit(1)
}

const rows = []
for (const name of wanted.length > 0 ? wanted : ALL) {
  console.error(`measuring: ${name} …`)
  const { bench } = await import(`../bench/${name}.mjs`)
  rows.push(...(await bench()))
}

const verdict = ({ ok, verdict }) => `${ok ? 'met' : 'MISSED'} (${verdict})`
const table = [
  ['what', 'target', 'measured', 'verdict'],
  ...rows.map((row) => [row.what, row.target, row.measured, verdict(row)]),
]
console.log(aligned(table))
if (wanted.length === 0) {
  writeFileSync(join(root, 'docs/BENCHMARKS.md'), page())
  console.log('\nWritten to docs/BENCHMARKS.md, with how each figure is measured.')
}
// The API client keeps an answered stream's connection for a moment; nothing is left to wait for.
process.exit(0)

function aligned(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function page() {
  const missed = rows.filter((row) => !row.ok)
  return `# Benchmarks

Written by \`npm run bench\`; every figure on this page was measured in one run of it. Run it on your own machine to have yours.

| what | target | measured | verdict |
|---|---|---|---|
${rows.map((row) => `| ${row.what} | ${row.target} | ${row.measured} | ${verdict(row)} |`).join('\n')}

${missed.length === 0 ? 'All targets are met.' : `Missed: ${missed.map((row) => row.what).join('; ')}.`}

## The machine

${machine()
  .map(([name, value]) => `- ${name}: ${value}`)
  .join('\n')}

## How each is measured

${rows.map((row) => `**${row.what}.** ${row.how}`).join('\n\n')}
`
}

function machine() {
  const processors = cpus()
  return [
    ['date', new Date().toISOString().slice(0, 10)],
    ['processor', `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown'}`],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ['system', `${process.platform} ${process.arch}`],
    ['Node', process.version],
    ['git', execFileSync('git', ['--version'], { encoding: 'utf8' }).trim().replace('git version ', '')],
  ]
}
