/** A stack image of a few megabytes, with what a build needs and nothing else: where a whole one would be pushed for minutes. */
import { PassThrough, type Readable } from 'node:stream'
import { follow } from '../../src/build/container/progress.ts'
import type { Engine } from '../../src/engine/engine.ts'

/** The programs of these packages, and the libraries that they need, in folders as Debian has them. */
const MAKE = `
set -e
root=/tmp/root
mkdir -p $root/{tmp,var/tmp,etc,proc,sys,dev,usr/bin,usr/sbin,usr/lib,usr/lib64}
chmod 1777 $root/tmp $root/var/tmp
for name in bin sbin lib lib64; do ln -s usr/$name $root/$name; done
copy() { mkdir -p "$root$(realpath "$(dirname "$1")")" && cp -L "$1" "$root$(realpath "$(dirname "$1")")/"; }
programs=$(dpkg -L bash dash coreutils tar findutils grep sed util-linux | grep -E '^(/usr)?/bin/[^/]*$')
for program in $programs; do copy "$program"; done
ln -sf dash $root/usr/bin/sh
for library in $(ldd $programs 2>/dev/null | grep -oE '/lib[^ ]+' | sort -u); do copy "$library"; done
cp /etc/passwd /etc/group $root/etc
tar -c -f - -C $root . >&3
`

/** Makes it of a whole stack that is on the engine. */
export async function tinyStack({ docker }: Engine, stack: string, name: string): Promise<string> {
  const container = await docker.createContainer({
    Image: stack,
    Entrypoint: ['/bin/bash', '-c', 'exec 3>&1 >&2; . <(cat)'],
    OpenStdin: true,
    StdinOnce: true,
    HostConfig: { NetworkMode: 'none' },
  })
  try {
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true })
    const [archive, said] = [new PassThrough(), new PassThrough()]
    let text = ''
    said.on('data', (chunk) => (text += chunk))
    docker.modem.demuxStream(stream, archive, said)
    stream.once('end', () => archive.end())
    await container.start()
    stream.end(MAKE)
    const [repo, tag] = name.split(':')
    const changes = ['ENV PATH=/usr/local/bin:/usr/bin:/bin']
    const answer = await docker.importImage(archive as Readable, { repo, tag, changes })
    await follow(answer, () => {}, new AbortController().signal)
    const { StatusCode } = await container.wait()
    if (StatusCode !== 0) throw new Error(`no stack: ${text}`)
  } finally {
    await container.remove({ force: true })
  }
  return name
}
