/** References of images: `shop`, `shop:1.2`, `registry.example.com:5000/acme/shop@sha256:…`. */

const DOCKER_HUB = 'docker.io'

/** The registry an image is pulled from, as `registries:` of platform.yaml names it. */
export function hostOf(reference: string): string {
  const [first = '', ...rest] = reference.split('/')
  // The first part is a host only if it cannot be a user's name (distribution/reference, "familiar" names).
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  return isHost ? first : DOCKER_HUB
}

/** With the tag that the engine adds where there is none; this is how its lists name it. */
export function tagged(reference: string): string {
  const name = reference.slice(reference.lastIndexOf('/') + 1)
  return /[:@]/.test(name) ? reference : `${reference}:latest`
}

/** Made here and nowhere to be pulled from. */
export function isHomemade(reference: string): boolean {
  return reference.startsWith('trimtab/')
}
