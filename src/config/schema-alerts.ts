/** The schema of `alerts`: who is told of what. */
import { z } from 'zod'
import { alertKindNames, severities } from '../core/alert.ts'
import { objectName } from './schema-values.ts'
import { Secret } from './secret.ts'

const secretUrl = (protocols: RegExp, message: string) =>
  z
    .string()
    .refine((text) => protocols.test(URL.parse(text)?.protocol ?? ''), message)
    .transform((value) => new Secret(value))

/** What every channel has. */
const channel = {
  name: objectName
    .exactOptional()
    .describe('What `halftone alerts test` calls it; default: its type and number, such as `slack-1`.'),
  kinds: z
    .array(z.enum(alertKindNames, { error: 'must be a kind of alert' }))
    .min(1)
    .exactOptional()
    .describe('What it is told of; default: everything.'),
  minSeverity: z.enum(severities).default('info').describe('Least severity it is told of.'),
}

const webhook = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
    .describe('Where alerts are sent: https on a public address, or a host of `network.allowPrivateHosts`.'),
  secret: z
    .string()
    .min(16, 'must have at least 16 characters')
    .max(256)
    .transform((value) => new Secret(value))
    .describe('Key of the signature; `whsec_` and base64, or any text.'),
  ...channel,
})

const slack = z.strictObject({
  url: secretUrl(/^https?:$/, 'must be the URL of an incoming webhook').describe(
    'URL of an incoming webhook; a secret. Same rules of addresses as for webhooks.',
  ),
  ...channel,
})

const address = z
  .string()
  .max(254)
  .regex(/^[^\s@<>,;"]+@[^\s@<>,;"]+$/, 'must be a mail address')

const email = z.strictObject({
  to: z.array(address).min(1).max(20).describe('Who gets the mail.'),
  from: address.describe('Sender.'),
  ...channel,
})

const smtp = z.strictObject({
  url: secretUrl(/^smtps?:$/, 'must be smtp:// or smtps://').describe(
    '`smtp://user:password@host:587`, or `smtps://` for TLS from the first byte; special characters percent-encoded.',
  ),
  tls: z
    .enum(['required', 'opportunistic', 'off'])
    .default('required')
    .describe(
      'STARTTLS on `smtp://`: `required` refuses to send without it, `opportunistic` uses it where offered, `off` never.',
    ),
})

export const alertsSchema = z.strictObject({
  webhooks: z.array(webhook).max(8).default([]).describe('Signed HTTP calls.'),
  slack: z.array(slack).max(8).default([]).describe('Slack channels, by incoming webhook.'),
  email: z.array(email).max(8).default([]).describe('Mails; they need `alerts.smtp`.'),
  smtp: smtp.exactOptional().describe('The server that takes the mails.'),
  maxPerHour: z
    .int()
    .min(1)
    .max(3_600)
    .default(60)
    .describe(
      'Most alerts per hour and channel, on each node; up to 20 of them at once. What is above waits, it is not dropped.',
    ),
})

export type AlertsSettings = z.output<typeof alertsSchema>
