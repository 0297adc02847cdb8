/** Node's bare http, echoing the address asked for: fork() it; it answers with its port. */
import { createServer } from 'node:http'

const server = createServer((request, response) => response.end(`${request.url}.\n`))
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
process.on('disconnect', () => process.exit(0))
