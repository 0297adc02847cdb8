/** A builder as they are published: a build image with the real lifecycle and some buildpacks, and what its apps run on. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { TestContext } from 'vitest'
import { archive, type PlainFile } from '../../../src/build/container/archive.ts'
import { commit } from '../../../src/build/container/commit.ts'
import { lifecycle } from '../../support/programs.ts'
import type { World } from './world.ts'

const PHASES = ['detector', 'builder', 'restorer', 'analyzer', 'exporter']

/** A buildpack that brings a tool in a layer, kept from build to build, and one that makes of a file `greeting` what is served. */
const PACKS: Record<string, string> = {
  'acme_tool/1.2.0/buildpack.toml': 'api = "0.10"\n[buildpack]\nid = "acme/tool"\nversion = "1.2.0"\n[[targets]]\nos = "linux"\n',
  'acme_tool/1.2.0/bin/detect': '#!/bin/bash\n[[ -f greeting ]] || exit 100\n',
  'acme_tool/1.2.0/bin/build': `#!/bin/bash
set -e
layer=$CNB_LAYERS_DIR/tool
if grep -q 'made = "once"' "$layer.toml" 2> /dev/null && [[ -x $layer/bin/greet ]]; then
  echo 'tool: reused'
else
  echo 'tool: made'
  mkdir -p "$layer/bin" "$layer/env.launch"
  printf '#!/bin/sh\\necho "greeting: $GREETING, $(cat /app/greeting)"\\n' > "$layer/bin/greet"
  chmod +x "$layer/bin/greet"
  printf hello > "$layer/env.launch/GREETING.default"
fi
printf '[types]\\nlaunch = true\\nbuild = true\\ncache = true\\n[metadata]\\nmade = "once"\\n' > "$layer.toml"
mkdir -p "$CNB_LAYERS_DIR/scratch" && echo junk > "$CNB_LAYERS_DIR/scratch/junk"
printf '[types]\\nbuild = true\\n' > "$CNB_LAYERS_DIR/scratch.toml"
`,
  'acme_serve/0.1.0/buildpack.toml':
    'api = "0.10"\n[buildpack]\nid = "acme/serve"\nversion = "0.1.0"\n[[targets]]\nos = "linux"\n',
  'acme_serve/0.1.0/bin/detect': '#!/bin/bash\n[[ -f greeting ]] || exit 100\n',
  'acme_serve/0.1.0/bin/build': `#!/bin/bash
set -e
[[ ! -f broken ]] || { echo 'serve: it is broken'; exit 7; }
echo "serve: COLOUR=$(cat "$CNB_PLATFORM_DIR/env/COLOUR" 2> /dev/null || echo none)"
greet > rendered
cat > "$CNB_LAYERS_DIR/launch.toml" <<'TOML'
[[processes]]
type = "web"
command = ["node"]
args = ["-e", "require('http').createServer((q, s) => s.end(require('fs').readFileSync('rendered'))).listen(process.env.PORT)"]
default = true
[[processes]]
type = "greet"
command = ["bash", "-c", "greet"]
TOML
`,
}

const ORDER =
  '[[order]]\n[[order.group]]\nid = "acme/tool"\nversion = "1.2.0"\n[[order.group]]\nid = "acme/serve"\nversion = "0.1.0"\n'

const APIS = { platform: { deprecated: [], supported: ['0.7', '0.8', '0.9', '0.10', '0.11', '0.12', '0.13', '0.14'] } }

/** Makes the builder; gives its name. */
export async function makeBuilder({ engine, stack, platform }: World, context: TestContext, run: string | null): Promise<string> {
  const folder = lifecycle.folder(context)
  const name = `trimtab-test/builder:${platform}`
  const files: PlainFile[] = [
    { to: 'cnb/order.toml', content: ORDER },
    ...Object.entries(PACKS).map(([path, content]) => ({
      to: `cnb/buildpacks/${path}`,
      content,
      executable: path.includes('/bin/'),
    })),
    { to: 'cnb/lifecycle/lifecycle', content: readFileSync(join(folder, 'lifecycle')), executable: true },
    { to: 'cnb/lifecycle/launcher', content: readFileSync(join(folder, 'launcher')), executable: true },
    // Links, as they are published; here a word of shell does the same.
    ...PHASES.map((phase) => ({
      to: `cnb/lifecycle/${phase}`,
      content: `#!/bin/bash\nexec -a /cnb/lifecycle/${phase} /cnb/lifecycle/lifecycle "$@"\n`,
      executable: true,
    })),
  ]
  const container = await engine.docker.createContainer({ Image: stack, Cmd: ['/'] })
  try {
    await container.putArchive(Readable.from(archive([], files)), { path: '/' })
    const metadata = {
      description: '',
      ...(run !== null && { stack: { runImage: { image: run } } }),
      lifecycle: { version: '0.20.11' },
    }
    await commit(engine, container.id, name, {
      User: '1000:1000',
      Env: [
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        'CNB_USER_ID=1000',
        'CNB_GROUP_ID=1000',
        'CNB_STACK_ID=test',
      ],
      Labels: {
        'io.buildpacks.builder.metadata': JSON.stringify(metadata),
        'io.buildpacks.lifecycle.apis': JSON.stringify(APIS),
      },
    })
  } finally {
    await container.remove({ force: true })
  }
  return name
}
