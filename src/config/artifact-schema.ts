/** `bases:` and `artifacts:` of platform.yaml: what is deployed without having been built here. */
import { z } from 'zod'
import { imageName, mapping, oneOf, size, text } from '../manifest/values.ts'
import { flag } from './values.ts'

export const bases = z
  .record(
    text('expected a name of lower-case letters, digits and -, at most 40 long', /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/),
    imageName(),
    { error: 'expected a mapping of names to images, such as {java: "registry.example.com/java:21"}' },
  )
  .describe('docker: the images that artifacts are laid over, by name: java, php, binary, or others. Default: the stack.')

export const artifacts = mapping({
  allow: z
    .array(oneOf(['https', 'http']), { error: 'expected a list such as [https]' })
    .exactOptional()
    .describe('How artifacts may be fetched. Default: [https]. [] for uploads alone.'),
  local: flag()
    .exactOptional()
    .describe('Whether the addresses of apps may lead to this machine itself and to link-local addresses. Default: false.'),
  size: size('1M', '512M or 2G').exactOptional().describe('The largest that is taken. Default: 1G.'),
}).describe('What artifacts of apps may be.')
