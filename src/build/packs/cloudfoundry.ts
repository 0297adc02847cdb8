/**
 * Cloud Foundry's kind of buildpack (docs.cloudfoundry.org/buildpacks/understand-buildpacks.html), and what its launcher does before
 * an app starts (github.com/cloudfoundry/buildpackapplifecycle). There, `deps` and `profile.d` lie beside the app; here they are in
 * it, because an image is the app's folder and nothing else.
 */
import { createHash } from 'node:crypto'
import { posix } from 'node:path'

const OWN = '.cloudfoundry'
/** Sourced before whatever else is in .profile.d. */
const PROFILE = '.profile.d/000_cloudfoundry.sh'

/** The stack that official packs know and whose programs run here: Ubuntu 22.04, of the age of Debian 12. */
const STACK = 'cflinuxfs4'

export interface Folders {
  deps: string
  profile: string
  cache: string
}

/** The last pack keeps its cache when another takes its place; those of the others go by their names. */
export function foldersOf({ app, cache }: { app: string; cache: string }, pack: string, last: boolean): Folders {
  const own = last ? 'final' : createHash('sha256').update(pack).digest('hex').slice(0, 32)
  return {
    deps: posix.join(app, OWN, 'deps'),
    profile: posix.join(app, OWN, 'profile.d'),
    cache: posix.join(cache, 'cloudfoundry', own),
  }
}

/** What a program of this kind counts on, where neither platform.yaml nor app.yaml says otherwise. */
export function stagingVariables(app: string): Record<string, string> {
  const application = { application_name: app, name: app, application_uris: [], uris: [], limits: {} }
  return { CF_STACK: STACK, VCAP_APPLICATION: JSON.stringify(application), VCAP_SERVICES: '{}' }
}

/** The program that leaves in the app what has to be done when it starts; its argument is the app's folder. */
export function profileStep(app: string): { program: string; args: string[] } {
  const write = 'mkdir -p "$1/.profile.d" && printf %s "$3" > "$1/$2"'
  return { program: 'bash', args: ['-c', write, 'build', app, PROFILE, LAUNCH] }
}

/** Where libbuildpack has written 000_multi-supply.sh, it has put everything of the packs into profile.d by itself. */
const LAUNCH = `# Written by trimtab: what Cloud Foundry does before it starts an app.
export DEPS_DIR="$HOME/${OWN}/deps"
[ -n "\${CF_STACK+set}" ] || export CF_STACK=${STACK}
[ -n "\${VCAP_SERVICES+set}" ] || export VCAP_SERVICES='{}'
if [ -n "\${PORT+set}" ]; then export VCAP_APP_HOST=0.0.0.0 VCAP_APP_PORT="$PORT"; fi
if [ -z "\${VCAP_APPLICATION+set}" ]; then
  printf -v VCAP_APPLICATION '{"application_name":"%s","name":"%s","application_version":"%s","application_uris":[],"uris":[],"limits":{},"host":"0.0.0.0","instance_index":%d%s}' \\
    "\${APP_NAME-app}" "\${APP_NAME-app}" "\${RELEASE_VERSION-}" "$((\${INSTANCE:-1} - 1))" "\${PORT:+,\\"port\\":$PORT}"
  export VCAP_APPLICATION
fi
if [ ! -f "$HOME/${OWN}/profile.d/000_multi-supply.sh" ]; then
  for _cf in "$DEPS_DIR"/*/; do
    if [ -d "$_cf"bin ]; then export PATH="$_cf"bin:"$PATH"; fi
    if [ -d "$_cf"lib ]; then export LD_LIBRARY_PATH="$_cf"lib"\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"; fi
  done
  for _cf in "$DEPS_DIR"/*/profile.d/*; do
    if [ -f "$_cf" ]; then . "$_cf"; fi
  done
fi
for _cf in "$HOME/${OWN}"/profile.d/*; do
  if [ -f "$_cf" ]; then . "$_cf"; fi
done
unset _cf
`
