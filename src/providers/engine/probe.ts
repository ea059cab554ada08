/** A call that spends nothing and tells whether host and key work. */
import { ScanError } from '../../net/scan-error.ts'
import type { ProbeResult } from '../../ports/provider.ts'
import type { Probe } from '../define-provider.ts'
import { consumeAnswer } from './answer.ts'
import { outgoingBody } from './call-body.ts'
import type { Credential } from './credentials.ts'
import { redactor } from './evidence.ts'
import { failureOfExchange } from './failures.ts'
import type { Transport } from './transport.ts'

const PROBE_TIMEOUT_MS = 10_000
const MAX_PROBE_BYTES = 4 * 1024 * 1024

/** The message holds no credential, even where the provider quotes one. */
export async function runProbe(
  { call, decode }: Probe,
  transport: Transport,
  credential: Credential,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const options = { timeoutMs: PROBE_TIMEOUT_MS, idleTimeoutMs: PROBE_TIMEOUT_MS, maxBytes: MAX_PROBE_BYTES, signal, credential }
  const noImages = {
    openBody: () => {
      throw new ScanError('too_many_bodies', 'A list of models holds no images.')
    },
  }
  const noInput = (): never => {
    throw new Error('A probe sends no images.')
  }
  try {
    const body = await outgoingBody(call.body, [], noInput)
    const { response } = await transport.send(call, body, options, (status, headers) =>
      consumeAnswer(status, headers, 'json', noImages),
    )
    const result = decode(response)
    return { ...result, message: redactor([])(result.message) }
  } catch (error) {
    const { message } = failureOfExchange(error, { cancelStopsBilling: true })
    return { ok: false, message: `${transport.host}: ${message}` }
  }
}
