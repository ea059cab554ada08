/** Who is told of what, and whether it arrives. */
import { z } from 'zod'
import { severities } from '../core/alert.ts'
import { listOf, timestamp } from './common.ts'
import type { Endpoint } from './endpoints.ts'

const alertChannel = z.object({
  object: z.literal('alert_channel'),
  name: z.string(),
  type: z.enum(['webhook', 'slack', 'email']),
  target: z.string().describe('Host, or who gets the mail; never the whole URL, which may be a credential.'),
  kinds: z.array(z.string()).nullable().describe('Null: all of them.'),
  min_severity: z.enum(severities),
  sent: z.int().describe('By this node, since its start.'),
  failed: z.int().describe('Tries that failed, by this node, since its start.'),
  last_sent_at: timestamp.nullable(),
  last_failure: z
    .object({ at: timestamp, message: z.string() })
    .nullable()
    .describe('Of the last try of this node; null when it was taken.'),
})
export type AlertChannelWire = z.infer<typeof alertChannel>

export const alertsEndpoints = {
  listAlertChannels: {
    method: 'GET',
    path: '/v1/halftone/alerts/channels',
    access: 'providers.read',
    summary: 'Who is told of what, and how the last deliveries went.',
    response: listOf(alertChannel),
  },
  testAlertChannel: {
    method: 'POST',
    path: '/v1/halftone/alerts/channels/{name}/test',
    access: 'settings.write',
    summary: 'Send a test message at once.',
    response: z.object({
      object: z.literal('alert_test'),
      channel: z.string(),
      ok: z.boolean(),
      message: z.string().describe('What went wrong, or that it was taken.'),
    }),
  },
} as const satisfies Record<string, Endpoint>
