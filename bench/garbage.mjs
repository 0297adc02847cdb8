/** Has another Node process collect its garbage: what is resident then is what it holds. */
import WebSocket from 'ws'
import { until } from './platform.mjs'

/** The process has to have been started with `--inspect-port` (NODE_OPTIONS). */
export async function collectGarbage(pid, inspectPort) {
  process.kill(pid, 'SIGUSR1')
  let target
  await until(async () => {
    target = await fetch(`http://127.0.0.1:${inspectPort}/json/list`).then(
      (answer) => answer.json(),
      () => null,
    )
    return target !== null
  }, 'the inspector')
  const socket = new WebSocket(target[0].webSocketDebuggerUrl)
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  for (const id of [1, 2]) {
    socket.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }))
    await new Promise((resolve) => socket.once('message', resolve))
  }
  socket.close()
}
