/** What is done inside of the build's container beside the lifecycle itself, as programs of bash: every value is an argument. */
import { INSIDE } from '../driver.ts'
import { CNB } from './places.ts'

/** Arguments: names of variables that every buildpack is to have; the lifecycle passes on nothing of its own environment. */
export const PREPARE = `
set -e
mkdir -p ${CNB.layers} ${CNB.platform}/env
for name; do printf %s "\${!name}" > ${CNB.platform}/env/"$name"; done
cp -R ${INSIDE.env}/. ${CNB.platform}/env/
[[ ! -d ${CNB.cache} ]] || cp -a ${CNB.cache}/. ${CNB.layers}/
`

/** Prints path and content of what says how things are, each ended by NUL. */
export const TELL = `
cd ${CNB.layers} || exit
for file in group.toml config/metadata.toml */*.toml; do
  [[ -f $file && ! -L $file && $file != config/* || $file == config/metadata.toml ]] || continue
  printf '%s\\0' "$file"; head -c 262144 "$file"; printf '\\0'
done
`

/** Arguments: pairs of a path and what its .toml is to say. Only a whole cache takes the place of the one before. */
export const KEEP = `
set -e
rm -rf ${CNB.cache}.new
mkdir -p ${CNB.cache}.new
while (($# > 0)); do
  mkdir -p ${CNB.cache}.new/"\${1%/*}"
  [[ ! -d ${CNB.layers}/$1 ]] || cp -a ${CNB.layers}/"$1" ${CNB.cache}.new/"$1"
  printf %s "$2" > ${CNB.cache}.new/"$1".toml
  shift 2
done
rm -rf ${CNB.cache}
mv ${CNB.cache}.new ${CNB.cache}
`

/** Arguments: how many folders of layers are not for the image, these, then the process types. */
export const FINISH = `
set -e
cd ${CNB.layers}
count=$1; shift
for ((; count > 0; count--)); do rm -rf "./$1"; shift; done
rm -rf group.toml plan.toml analyzed.toml sbom */*.sbom.* */build */store.toml
for file in */*.toml; do [[ $file == config/* ]] || rm -f "$file"; done
cp ${CNB.lifecycle}/launcher ${CNB.launcher}
mkdir -p ${CNB.process}
for type; do ln -sfn ../launcher ${CNB.process}/"$type"; done
`
