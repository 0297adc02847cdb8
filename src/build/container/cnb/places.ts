import { INSIDE } from '../driver.ts'

/** Where the lifecycle's things are: in the app's folder, so that an image is what it runs on and one layer. */
export const CNB = {
  own: `${INSIDE.app}/.cnb`,
  layers: `${INSIDE.app}/.cnb/layers`,
  launcher: `${INSIDE.app}/.cnb/launcher`,
  process: `${INSIDE.app}/.cnb/process`,
  platform: `${INSIDE.tmp}/platform`,
  cache: `${INSIDE.cache}/cnb`,
  lifecycle: '/cnb/lifecycle',
} as const
