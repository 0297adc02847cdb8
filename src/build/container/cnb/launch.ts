import { CNB } from './places.ts'

/**
 * The entry point of an image that a builder's buildpacks made: everything goes through their launcher, which gives a process the
 * environment of its layers. It is called by a process type's name, or with a line of its own.
 */
export const LAUNCH = `#!/bin/bash
cd /app || exit 126
export PORT=\${PORT-5000} HOME=\${HOME-/app} CNB_APP_DIR=/app CNB_LAYERS_DIR=${CNB.layers}
[[ $# != 0 ]] || set -- web
if [[ $1 == -c && $# == 2 ]]; then
  if [[ $2 == ${CNB.process}/* && -x $2 ]]; then exec "$2"; fi
  exec ${CNB.launcher} "$2"
fi
if [[ $# == 1 && $1 != */* && -x ${CNB.process}/$1 ]]; then exec ${CNB.process}/"$1"; fi
exec ${CNB.launcher} -- "$@"
`
