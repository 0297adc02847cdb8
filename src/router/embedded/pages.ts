/** The router's own answers: short, plain, and without a word on what is behind it. */
import type { ServerResponse } from 'node:http'

const texts: Record<number, [title: string, text: string]> = {
  400: ['Bad request', 'The request could not be understood.'],
  404: ['Not found', 'No app is served at this address.'],
  405: ['Method not allowed', 'This server does not open tunnels.'],
  408: ['Request timeout', 'The request took too long to arrive.'],
  413: ['Content too large', 'The request is too large.'],
  414: ['URI too long', 'The address is too long.'],
  417: ['Expectation failed', 'The Expect field asks for something unknown.'],
  431: ['Request header fields too large', "The request's header fields are too large."],
  502: ['Bad gateway', 'The app did not answer this request properly. Please try again in a moment.'],
  503: ['Service unavailable', 'The app is not running at the moment. Please try again in a moment.'],
  504: ['Gateway timeout', 'The app did not answer in time. Please try again in a moment.'],
}

export interface Page {
  status: number
  reason: string
  /** Name, value, name, value … */
  fields: string[]
  body: string
}

/** The page for a status. Browsers get HTML, everybody else a line of text. */
export function pageFor(status: number, html: boolean): Page {
  const [title, text] = texts[status] ?? ['Error', 'Something went wrong.']
  const body = html ? htmlPage(status, title, text) : `${status} ${title}: ${text}\n`
  const fields = [
    'Content-Type',
    html ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(body)),
  ]
  fields.push('Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff')
  if (status === 503) fields.push('Retry-After', '1')
  return { status, reason: title, fields, body }
}

/** Answers with one of our own pages. */
export function answer(response: ServerResponse, request: { acceptsHtml: boolean }, status: number, close: boolean): void {
  if (response.headersSent || response.destroyed) return
  const page = pageFor(status, request.acceptsHtml)
  if (close) response.shouldKeepAlive = false
  response.writeHead(page.status, page.reason, page.fields)
  response.end(page.body)
}

/** The same as bytes for a bare socket, which is closed after it. */
export function rawPage(status: number): string {
  const page = pageFor(status, false)
  let head = `HTTP/1.1 ${page.status} ${page.reason}\r\n`
  for (let at = 0; at < page.fields.length; at += 2) head += `${page.fields[at]}: ${page.fields[at + 1]}\r\n`
  return `${head}Connection: close\r\n\r\n${page.body}`
}

function htmlPage(status: number, title: string, text: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${status} ${title}</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 32rem; margin: 20vh auto 0; padding: 0 1.5rem }
  h1 { font-size: 1.25rem; margin: 0 0 .5rem }
  p { margin: 0; opacity: .75 }
</style>
<h1>${status} ${title}</h1>
<p>${text}</p>
</html>
`
}
