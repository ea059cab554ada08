/** Where alerts go: signed webhooks, Slack and mail. One event becomes one message; what went wrong comes back as text. */
import { createHash, createHmac } from 'node:crypto'
import type { AlertEvent, AlertFilter, severities } from '../core/alert.ts'
import type { JsonObject } from '../core/json.ts'

export type AlertChannel = AlertFilter & {
  /** What people call it. */
  readonly name: string
} & (
    | { readonly type: 'webhook'; readonly url: string; readonly key: Uint8Array }
    /** The URL is the credential. */
    | { readonly type: 'slack'; readonly url: string }
    | { readonly type: 'email'; readonly to: readonly string[]; readonly from: string }
  )

export interface AlertMail {
  /** The same for every try. */
  readonly id: string
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
}

export interface AlertSenders {
  /** The status of the answer. */
  post(url: string, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal): Promise<number>
  /** Rejects when the mail was not taken. */
  mail(mail: AlertMail, signal: AbortSignal): Promise<void>
}

/** An event as it is kept until it is delivered. */
export type StoredAlert = Omit<AlertEvent, 'name'> & { readonly createdUs: number }

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32)

/** What a channel is, whatever it is called: the same events are not told to it twice. */
export function identityOf(channel: AlertChannel): string {
  switch (channel.type) {
    case 'webhook':
      return channel.url
    case 'slack':
      return `slack ${channel.url}`
    case 'email':
      return `email ${[...channel.to].sort().join(' ')}`
  }
}

/** For people: the host, or who gets the mail; never a path, which may be a credential. */
export const targetOf = (channel: AlertChannel): string =>
  channel.type === 'email' ? channel.to.join(', ') : (URL.parse(channel.url)?.host ?? '')

/** Deliver once. Undefined: taken; else why not, without secrets. */
export async function deliver(
  channel: AlertChannel,
  alert: StoredAlert,
  {
    id,
    nowUs,
    senders,
    signal,
  }: { readonly id: string; readonly nowUs: number; readonly senders: AlertSenders; readonly signal: AbortSignal },
): Promise<string | undefined> {
  try {
    if (channel.type === 'email') {
      await senders.mail({ id, from: channel.from, to: channel.to, ...mailOf(alert) }, signal)
      return undefined
    }
    const body = JSON.stringify(channel.type === 'slack' ? slackBody(alert) : webhookBody(alert))
    const headers = channel.type === 'slack' ? {} : signedHeaders(channel, id, body, nowUs)
    const status = await senders.post(channel.url, headers, body, signal)
    return status >= 200 && status < 300 ? undefined : `It answered with status ${status}.`
  } catch (error) {
    return error instanceof Error ? error.message : 'It failed.'
  }
}

const isoTime = (us: number): string => new Date(us / 1_000).toISOString()

const webhookBody = ({ kind, severity, title, data, createdUs }: StoredAlert): JsonObject => ({
  type: kind,
  created_at: isoTime(createdUs),
  severity,
  title,
  data,
})

/** As the Standard Webhooks specification has it: HMAC-SHA256 over `id.timestamp.body`. */
function signedHeaders({ key }: { readonly key: Uint8Array }, id: string, body: string, nowUs: number): Record<string, string> {
  const timestamp = String(Math.floor(nowUs / 1_000_000))
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}

const LONGEST_LINE = 300

/** Free text on one line: what clients and providers wrote may hold anything. */
const oneLine = (text: string): string => {
  const flat = text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim()
  return flat.length > LONGEST_LINE ? `${flat.slice(0, LONGEST_LINE)}...` : flat
}

/** Facts as lines; what is absent is left out. */
const factLines = (data: JsonObject): readonly string[] =>
  Object.entries(data).flatMap(([name, value]) => {
    if (value === null || value === undefined || value === '') return []
    return [`${name.replaceAll('_', ' ')}: ${oneLine(typeof value === 'object' ? JSON.stringify(value) : String(value))}`]
  })

/** The three characters that Slack reads as markup; formatting is switched off besides. */
const slackText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const slackMarks: Readonly<Record<(typeof severities)[number], string>> = {
  info: ':information_source:',
  warning: ':warning:',
  critical: ':rotating_light:',
}

const slackBody = ({ severity, title, data, createdUs }: StoredAlert): JsonObject => ({
  text: [`${slackMarks[severity]} ${slackText(oneLine(title))}`, ...factLines(data).map(slackText), isoTime(createdUs)].join(
    '\n',
  ),
  mrkdwn: false,
  unfurl_links: false,
  unfurl_media: false,
})

const mailOf = ({ kind, severity, title, data, createdUs }: StoredAlert): Pick<AlertMail, 'subject' | 'text'> => ({
  subject: `[halftone] ${severity}: ${oneLine(title)}`,
  text: [oneLine(title), '', ...factLines(data), '', `${kind}, ${isoTime(createdUs)}`, ''].join('\n'),
})
