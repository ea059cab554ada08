/** What a job that runs at the provider needs besides polling: waiting, cancelling, and how it is remembered across a crash. */
import { HalftoneError } from '../../core/error.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { ExchangeError } from '../../net/exchange.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AttemptIo } from '../../ports/provider.ts'
import type { HttpCall, Pending, ProviderResponse } from '../define-provider.ts'
import { type Answer, type AnswerLimits, consumeAnswer } from './answer.ts'
import type { OutgoingBody } from './call-body.ts'
import type { SendOptions, Transport } from './transport.ts'

/** Until the time has come or a webhook says that the job has ended. Rejects when the call is cancelled. */
export async function pause(clock: Clock, io: Pick<AttemptIo, 'signal' | 'woken'>, ms: number): Promise<void> {
  if (!io.woken) return clock.sleep(ms, io.signal)
  const over = new AbortController()
  const either = AbortSignal.any([io.signal, over.signal])
  try {
    await Promise.race([clock.sleep(ms, either), io.woken(either)])
  } finally {
    over.abort()
  }
}

/** The client may have left and the attempt's time be up; the job still gets this long to be cancelled, or tidied up after. */
const CANCEL_TIMEOUT_MS = 5_000

/** Send the call that ends a job, or one that tidies up after it. Undefined unless the provider accepted it. */
export async function sendCancel(
  transport: Transport,
  call: HttpCall,
  body: OutgoingBody,
  options: SendOptions & { readonly limits: AnswerLimits },
): Promise<ProviderResponse | undefined> {
  const limited = { ...options, timeoutMs: CANCEL_TIMEOUT_MS, signal: AbortSignal.timeout(CANCEL_TIMEOUT_MS) }
  try {
    const { response, bodies } = await transport.send<Answer>(call, body, limited, (status, headers) =>
      consumeAnswer(status, headers, call.accept, options.limits),
    )
    await Promise.all(bodies.map(({ body: unwanted }) => unwanted.dispose()))
    return response.status >= 200 && response.status < 300 ? response : undefined
  } catch (error) {
    if (error instanceof ExchangeError || error instanceof HalftoneError) return undefined
    throw error
  }
}

/** A shutdown aborts too, but it leaves the job to the next start. */
export const isClientGone = ({ reason }: AbortSignal): boolean => reason instanceof HalftoneError && reason.code === 'cancelled'

/** `key` is the position of the key the job was submitted with: another account's key may not see it. */
export const resumeOf = ({ kind, ...job }: Pending, key: number): JsonValue => ({ ...(job as unknown as JsonObject), key })

/** Written by `resumeOf` of an earlier process and stored by us, so its shape is known. */
export const pendingFrom = (resume: JsonValue): Pending => ({
  kind: 'pending',
  ...(resume as unknown as Omit<Pending, 'kind'>),
})

export const keyOf = (resume: JsonValue): number => (resume as { readonly key?: number }).key ?? 0
