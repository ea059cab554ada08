/** What a finished call cost, where only a further question tells. A picture is never held back because the answer fails to come. */
import { ScanError } from '../../net/scan-error.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Bill, HttpCall, ProviderResponse } from '../define-provider.ts'
import { consumeAnswer } from './answer.ts'
import { emptyBody } from './call-body.ts'
import type { SendOptions, Transport } from './transport.ts'

/** The bill is written after the picture: the first question may come too early. */
const PAUSES_MS = [0, 300, 1_000] as const
const TIMEOUT_MS = 3_000

const noImages = {
  openBody: () => {
    throw new ScanError('too_many_bodies', 'A bill holds no images.')
  },
}

export interface BillContext {
  readonly transport: Transport
  readonly clock: Clock
  readonly options: SendOptions
  /** Undefined: not written yet, or not understood. */
  readonly read: (response: ProviderResponse) => Bill | undefined
}

/** Undefined when it was not to be had in time. */
export async function askForBill(call: HttpCall, { transport, clock, options, read }: BillContext): Promise<Bill | undefined> {
  for (const pauseMs of PAUSES_MS) {
    try {
      if (pauseMs > 0) await clock.sleep(pauseMs, options.signal)
      const timeoutMs = Math.min(TIMEOUT_MS, options.timeoutMs)
      const { response } = await transport.send(call, emptyBody, { ...options, timeoutMs }, (status, headers) =>
        consumeAnswer(status, headers, 'json', noImages),
      )
      const bill = response.status === 200 ? read(response) : undefined
      if (bill) return bill
    } catch {
      if (options.signal.aborted) return undefined
    }
  }
  return undefined
}
