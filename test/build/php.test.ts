import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { serve } from './serve.ts'
import { failureOf, imageOf, world } from './world.ts'

/** What a host has of PHP differs; containers, which have all of it, are where the rest is tested. */
const hasPhp = spawnSync('php', ['-v']).status === 0

test.skipIf(hasPhp)('a host without PHP: what to install', async () => {
  const w = await world()
  const { code, message } = failureOf(await w.build(await w.plan({ 'public/index.php': '' })))
  expect(code).toBe('BuildFailed')
  expect(message).toContain('There is no PHP on the PATH of this machine.')
  expect(message).toContain('apt-get install php-cli php-fpm nginx composer')
})

test.skipIf(!hasPhp)('a host with PHP: with nginx and FPM, or with PHP’s built-in server', async () => {
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
