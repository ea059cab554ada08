/** How far the request had come. Until `sending` not a byte was written; until `sent` the provider cannot have the request. */
export type ExchangePhase = 'connecting' | 'sending' | 'sent' | 'receiving'

export type ExchangeFault = 'connect' | 'reset' | 'timeout' | 'idle' | 'aborted' | 'too_large' | 'encoding' | 'consumer'

/** Why an exchange did not end. `consumer` wraps what the consumer threw, as the cause. */
export class ExchangeError extends Error {
  readonly fault: ExchangeFault
  readonly phase: ExchangePhase
  constructor(fault: ExchangeFault, phase: ExchangePhase, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'ExchangeError'
    this.fault = fault
    this.phase = phase
  }
}

/** The answer, as sent or behind its compression. */
export const tooLarge = (maxBytes: number): ExchangeError =>
  new ExchangeError('too_large', 'receiving', `The answer is larger than the limit of ${maxBytes} bytes.`)
