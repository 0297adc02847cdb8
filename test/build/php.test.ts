import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { serve } from './serve.ts'
import { failureOf, imageOf, world } from './world.ts'

/** What a host has of PHP differs; containers, which have all of it, are where the rest is tested. */
const hasPhp = spawnSync('php', ['-v']).status === 0

/** A folder with every program of the PATH but PHP's. */
function pathWithoutPhp(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trimtab-no-php-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const from of (process.env.PATH ?? '').split(':').filter(existsSync)) {
    for (const name of readdirSync(from)) {
      if (!name.startsWith('php') && !existsSync(join(folder, name))) symlinkSync(join(from, name), join(folder, name))
    }
  }
  return folder
}

test('a host without PHP: what to install', async () => {
  const w = await world({ builds: { concurrency: 1, timeoutMs: 60_000, env: { PATH: pathWithoutPhp() } } })
  const { code, message } = failureOf(await w.build(await w.plan({ 'public/index.php': '' })))
  expect(code).toBe('BuildFailed')
  expect(message).toContain('There is no PHP on the PATH of this machine.')
  expect(message).toContain('apt-get install php-cli php-fpm nginx composer')
})

test('a host with PHP: with nginx and FPM, or with PHP’s built-in server', async ({ skip }) => {
  skip(!hasPhp, 'there is no PHP on this machine')
  const w = await world()
  const plan = await w.plan({
    'index.php': '<?php echo "at ", $_SERVER["REQUEST_URI"];',
    'composer.json': '{"require": {"php": ">=7.4"}}',
  })
  const image = imageOf(await w.build(plan))
  expect(await w.log(plan)).toMatch(/Using PHP \d+\.\d+\.\d+ of this machine/)
  const { url, child, exit } = await serve(image, undefined, { WEB_CONCURRENCY: '2' })
  expect(await (await fetch(`${url}/some/where`)).text()).toBe('at /some/where')
  expect((await fetch(`${url}/composer.json`)).status).toBe(404)
  child.kill('SIGTERM')
  await exit
  await expect(fetch(url)).rejects.toThrow()
})
