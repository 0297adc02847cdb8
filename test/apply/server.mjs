/** An app for the prober: says its port, answers everything with 200. */
import { createServer } from 'node:http'

const server = createServer((_, response) => response.end('ok'))
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
