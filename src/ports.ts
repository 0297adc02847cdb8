/**
 * The interfaces between the core and the world, a file each. Adapters implement them; the core sees nothing else.
 * Every method that fails throws a TrimtabError. "Could not read" is always an error, never an empty answer.
 */

export type * from './ports/build.ts'
export type * from './ports/control.ts'
export type * from './ports/forge.ts'
export type * from './ports/router.ts'
export type * from './ports/runtime.ts'
export type * from './ports/source.ts'
export type * from './ports/store.ts'
