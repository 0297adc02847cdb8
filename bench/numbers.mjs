/** What is done with figures. */

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export const ms = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`

/** `a` in parts of `b`. */
export const ratio = (a, b) => `${(a / b).toFixed(2)}×`
