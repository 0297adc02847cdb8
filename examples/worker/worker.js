// A process without a port: it is started, kept running and stopped like the others, and gets no traffic.
let ticks = 0

const timer = setInterval(() => {
  ticks += 1
  console.log(`tick ${ticks}`)
}, 5000)

console.log(`worker of ${process.env.RELEASE_VERSION ?? 'v0'} begins`)

process.once('SIGTERM', () => {
  clearInterval(timer)
  console.log(`worker ends after ${ticks} ticks`)
})
