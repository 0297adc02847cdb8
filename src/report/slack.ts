/**
 * News as Slack's incoming webhooks take it: blocks, and for what knows no blocks (Mattermost, Rocket.Chat, Discord's /slack) the same
 * as text. https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
 */
import type { News } from '../domain.ts'
import { beginning, ending } from '../text.ts'
import { messageOf } from './message.ts'

/** Of a section's text: https://docs.slack.dev/reference/block-kit/blocks/section-block/ */
const SECTION = 3_000
const FENCE = '```'

interface Block {
  type: 'section'
  /** verbatim: no address, channel or person in what an app logged becomes a link or a call. */
  text: { type: 'mrkdwn'; text: string; verbatim: true }
}

export interface SlackMessage {
  text: string
  blocks: Block[]
}

const SIGN: Record<News['kind'], string> = { live: ':white_check_mark:', failed: ':x:', recovered: ':white_check_mark:' }

export function slackMessage(news: News): SlackMessage {
  const { title, lines, details } = messageOf(news)
  const head = beginning([`${SIGN[news.kind]} *${escaped(title)}*`, ...lines.map(escaped)].join('\n'), SECTION)
  const parts = details === '' ? [head] : [head, code(details)]
  return {
    text: parts.join('\n'),
    blocks: parts.map((text) => ({ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } })),
  }
}

function code(text: string): string {
  // A fence inside of it would end it. Shortened first: of an escaped character there is to be all or nothing.
  let cut = text.replaceAll(FENCE, "'''")
  for (let max = SECTION - 10; escaped(cut).length > SECTION - 10; max -= 200) cut = ending(cut, max)
  return `${FENCE}\n${escaped(cut)}\n${FENCE}`
}

/** https://docs.slack.dev/messaging/formatting-message-text/#escaping */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
