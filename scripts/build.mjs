/** `npm run build`: dist/ and the JSON schemas in docs/, from the sources. */
import { ready } from './ready.mjs'

ready()
await import('./schemas.mjs')
