/**
 * Steady traffic, from a process of its own: started with fork(), told what to ask by one JSON argument, ended by a message,
 * and answering with what came of it. Open loop: a request is due when the clock says so, whether or not earlier ones have
 * been answered, so that a pause is paid for and not passed over.
 *
 * One half goes over kept connections, the other takes a new one each. Beside plain GETs there are slow answers, which are
 * under way when routes change, and POSTs, which nobody may send twice.
 */
import { Agent, request } from 'node:http'

/** `targets`: { host, app }; an answer begins with the app's name, its release and its commit. */
const { port, targets, rate, giveUpMs = 10_000 } = JSON.parse(process.argv[2] ?? '{}')
const agent = new Agent({ keepAlive: true })
const open = new Set()
const report = { asked: 0, answered: 0, kept: 0, slowest: 0, lost: [], commits: {} }

/** Every mix of kept or new, app, and kind of request comes round. */
function ask(n) {
  const keep = n % 2 === 0
  const { host, app } = targets[Math.floor(n / 2) % targets.length]
  const kind = n % 20 < 2 ? 'slow' : n % 20 < 6 ? 'post' : 'get'
  const began = performance.now()
  report.asked++
  return new Promise((resolve) => {
    const done = (problem) => {
      clearTimeout(timer)
      const took = performance.now() - began
      report.slowest = Math.max(report.slowest, kind === 'slow' ? 0 : Math.round(took))
      if (problem === null) report.answered++
      else report.lost.push({ at: Date.now(), host, kind, keep, problem, tookMs: Math.round(took) })
      resolve()
    }
    const call = request({
      host: '127.0.0.1',
      port,
      path: kind === 'slow' ? '/slow' : '/',
      method: kind === 'post' ? 'POST' : 'GET',
      headers: { host, ...(kind === 'post' && { 'content-length': 5 }) },
      agent: keep ? agent : false,
    })
    const timer = setTimeout(() => call.destroy(new Error(`no answer within ${giveUpMs} ms`)), giveUpMs)
    call.on('error', (error) => done(error.message))
    call.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text) => {
        body += text
      })
      response.on('error', (error) => done(`in the answer: ${error.message}`))
      response.on('end', () => {
        const [name, release, commit] = body.split(/\s/)
        if (response.statusCode !== 200) return done(`${response.statusCode} ${body.slice(0, 200)}`)
        if (name !== app) return done(`answered by ${body.slice(0, 80)}`)
        if (call.reusedSocket) report.kept++
        report.commits[`${app} ${release}`] ??= []
        const seen = report.commits[`${app} ${release}`]
        if (!seen.includes(commit)) seen.push(commit)
        done(null)
      })
    })
    call.end(kind === 'post' ? 'hello' : undefined)
  })
}

const began = performance.now()
const timer = setInterval(() => {
  const due = Math.floor(((performance.now() - began) * rate) / 1000)
  while (report.asked < due) {
    const one = ask(report.asked)
    open.add(one)
    void one.then(() => open.delete(one))
  }
}, 2)

process.on('message', async () => {
  clearInterval(timer)
  await Promise.all(open)
  agent.destroy()
  process.send(report, () => process.exit(0))
})
// Whoever started it is gone, and so is the reason for it.
process.on('disconnect', () => process.exit(1))
