import { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

/** As the system looks names up, without the addresses that are refused: what is checked is what is connected to. `refusal`: where none is left. */
export function lookupExcept(isRefused: (address: string) => boolean, refusal: (host: string) => Error): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      const left = addresses.filter(({ address }) => !isRefused(address))
      const [first] = left
      if (first === undefined) return callback(refusal(host), [])
      if (options.all) callback(null, left)
      else callback(null, first.address, first.family)
    })
  }
}
