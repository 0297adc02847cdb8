/**
 * Slack's side of an incoming webhook, as strict as the real one: it takes what https://docs.slack.dev/reference/block-kit/blocks
 * describes, and answers everything else with 400 and the name of what is wrong.
 */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeSlack {
  /** The address to post to: whoever has it may. */
  url: string
  /** What was taken, oldest first. */
  messages: Array<{ text: string; blocks: string[] }>
  /** What was refused. */
  refused: string[]
  /** The next requests get these instead. */
  answers: Array<{ status: number; headers?: Record<string, string> }>
  close(): Promise<void>
}

const PATH = '/services/T00000000/B00000000/a-token-nobody-may-see'

export async function startSlack(): Promise<FakeSlack> {
  const [messages, refused, answers]: [FakeSlack['messages'], string[], FakeSlack['answers']] = [[], [], []]
  const server = createServer(async (request, response) => {
    const planned = answers.shift()
    const body = await read(request)
    if (planned) return response.writeHead(planned.status, planned.headers).end('later')
    const wrong = request.url !== PATH ? 'no_service' : problem(request, body)
    if (wrong !== null) {
      refused.push(wrong)
      return response.writeHead(wrong === 'no_service' ? 404 : 400).end(wrong)
    }
    const { text, blocks } = JSON.parse(body) as { text: string; blocks: Array<{ text: { text: string } }> }
    messages.push({ text, blocks: blocks.map((block) => block.text.text) })
    response.writeHead(200).end('ok')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${port}${PATH}`, messages, refused, answers, close }
}

function problem(request: IncomingMessage, body: string): string | null {
  if (request.method !== 'POST' || !request.headers['content-type']?.startsWith('application/json')) return 'invalid_payload'
  let payload: Record<string, unknown>
  try {
    payload = JSON.parse(body)
  } catch {
    return 'invalid_payload'
  }
  const { text, blocks, ...others } = payload
  if (Object.keys(others).length > 0) return 'invalid_payload'
  if (typeof text !== 'string' || text === '') return 'no_text'
  if (text.length > 40_000) return 'msg_too_long'
  if (!Array.isArray(blocks) || blocks.length > 50) return 'invalid_blocks'
  return blocks.every(isSection) ? null : 'invalid_blocks'
}

function isSection(block: { type?: unknown; text?: { type?: unknown; text?: unknown; verbatim?: unknown } }): boolean {
  const { type, text } = block
  if (type !== 'section' || text?.type !== 'mrkdwn' || typeof text.text !== 'string') return false
  // What is not escaped is a link or a call.
  return text.text.length > 0 && text.text.length <= 3_000 && text.verbatim === true && !/[<>]/.test(text.text)
}

async function read(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  return body
}
