/** Channels of alerts, and a test of them. */
import type { AlertChannelWire } from '../../contract/alerts-endpoints.ts'
import { HalftoneError } from '../../core/error.ts'
import type { ChannelStatus } from '../../gateway/alerts.ts'
import type { Handler } from '../handler.ts'
import { isoTime } from '../wire.ts'

export const listAlertChannels: Handler = async ({ context }) => ({
  object: 'list',
  data: context.alerts.status().map(channelWire),
})

const channelWire = ({ channel, target, sent, failed, lastSentUs, lastFailure }: ChannelStatus): AlertChannelWire => ({
  object: 'alert_channel',
  name: channel.name,
  type: channel.type,
  target,
  kinds: channel.kinds ? [...channel.kinds] : null,
  min_severity: channel.minSeverity,
  sent,
  failed,
  last_sent_at: lastSentUs === undefined ? null : isoTime(lastSentUs),
  last_failure: lastFailure ? { at: isoTime(lastFailure.atUs), message: lastFailure.message } : null,
})

/** A person waits for the answer. */
const TEST_MS = 30_000

export const testAlertChannel: Handler = async ({ context, params }) => {
  const name = params['name'] ?? ''
  const tested = await context.alerts.test(name, AbortSignal.timeout(TEST_MS))
  if (!tested) {
    const known = context.alerts.status().map(({ channel }) => channel.name)
    const hint = known.length === 0 ? 'None is configured.' : `Configured: ${known.join(', ')}.`
    throw new HalftoneError('not_found', `There is no alert channel "${name.slice(0, 64)}". ${hint}`, { param: 'name' })
  }
  const { failure } = tested
  await context.services.ledger.access.recordAudit({ action: 'alert.test', objectId: name, data: { ok: failure === undefined } })
  return { object: 'alert_test', channel: name, ok: failure === undefined, message: failure ?? 'It was taken.' }
}
