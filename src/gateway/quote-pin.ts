/**
 * Quote ids: a quoted maximum that a later request is held to. An id is signed, not stored: it carries its maximum and its
 * expiry, and its signature covers the key and the request it was made for, so any node with the same secret can check it.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { HalftoneError } from '../core/error.ts'
import { formatUsd, type NanoUsd } from '../core/money.ts'
import type { PlannedAttempt } from '../core/routing/index.ts'
import type { ExecuteInput } from './execution.ts'
import { canonical } from './fingerprint.ts'
import type { UsablePlan } from './result.ts'

export interface QuotePin {
  /** As the client sends it. */
  readonly id: string
  /** The most that every attempt of the request together may cost. */
  readonly maxNanoUsd: NanoUsd
  readonly expiresUs: number
}

/** What a quote is made for; a request with another key or another content is another one. */
export type Quoted = Pick<ExecuteInput, 'request' | 'options'> & { readonly caller: Pick<ExecuteInput['caller'], 'keyId'> }

export interface QuotePins {
  issue(quoted: Quoted, maxNanoUsd: NanoUsd, nowUs: number): QuotePin
  /** Throws `quote_mismatch` or `quote_expired`. */
  check(id: string, quoted: Quoted, nowUs: number): QuotePin
}

/** Long enough to show a price to a person and wait for the answer. */
export const QUOTE_SECONDS = 15 * 60

const PREFIX = 'quote_'
const NONCE_BYTES = 8
const CLAIM_BYTES = NONCE_BYTES + 4 + 8
const SIGNATURE_BYTES = 16

export function createQuotePins(key: Uint8Array): QuotePins {
  const sign = (claim: Uint8Array, quoted: Quoted): Buffer =>
    createHmac('sha256', key).update(claim).update(contentOf(quoted)).digest().subarray(0, SIGNATURE_BYTES)
  return {
    issue(quoted, maxNanoUsd, nowUs) {
      const expires = Math.floor(nowUs / 1_000_000) + QUOTE_SECONDS
      const claim = Buffer.alloc(CLAIM_BYTES)
      randomBytes(NONCE_BYTES).copy(claim)
      claim.writeUInt32BE(expires, NONCE_BYTES)
      claim.writeBigUInt64BE(maxNanoUsd, NONCE_BYTES + 4)
      const id = PREFIX + Buffer.concat([claim, sign(claim, quoted)]).toString('base64url')
      return { id, maxNanoUsd, expiresUs: expires * 1_000_000 }
    },
    check(id, quoted, nowUs) {
      const bytes = Buffer.from(id.startsWith(PREFIX) ? id.slice(PREFIX.length) : '', 'base64url')
      const claim = bytes.subarray(0, CLAIM_BYTES)
      const signature = bytes.subarray(CLAIM_BYTES)
      if (signature.length !== SIGNATURE_BYTES || !timingSafeEqual(signature, sign(claim, quoted))) {
        throw new HalftoneError(
          'quote_mismatch',
          'This quote id was not made for this request and key. Prompt, model, n, every setting, and the number and sizes of input images must be as quoted.',
          { param: 'x-halftone-quote-id' },
        )
      }
      const expiresUs = claim.readUInt32BE(NONCE_BYTES) * 1_000_000
      if (nowUs >= expiresUs) {
        throw new HalftoneError('quote_expired', `This quote expired at ${new Date(expiresUs / 1_000).toISOString()}.`, {
          param: 'x-halftone-quote-id',
        })
      }
      return { id, maxNanoUsd: claim.readBigUInt64BE(NONCE_BYTES + 4), expiresUs }
    },
  }
}

/**
 * Everything that may change the price, in one spelling. Delivery and attribution are left out; of a mask only that there is
 * one, because it has the size of its image; a control image likewise.
 */
function contentOf({ request, options, caller }: Quoted): string {
  const { maxCostNanoUsd: _max, deadlineMs: _deadline, quoteId: _quote, bodyMetadata: _body, ...allowed } = options
  const { inputs, attribution: _attribution, responseFormat: _responseFormat, ...rest } = request
  // Role, pixels and how a control image is read; not the bytes, which a quote has not seen.
  const sizes = inputs.map(({ sha256: _sha256, bytes: _bytes, mediaType: _mediaType, filename: _filename, ...image }) =>
    image.role === 'mask' || image.role === 'control' ? { ...image, width: 0, height: 0 } : image,
  )
  return canonical({ ...rest, sizes, allowed, keyId: caller.keyId })
}

/** The plan without what may cost more than was quoted. Throws `quote_exceeded` when nothing is left. */
export function pinPlan(plan: UsablePlan, pin: QuotePin): UsablePlan {
  const fits = ({ total }: PlannedAttempt): boolean => total.maxNanoUsd !== null && total.maxNanoUsd <= pin.maxNanoUsd
  const [first, ...rest] = plan.attempts.filter(fits)
  if (first) return { ...plan, attempts: [first, ...rest], warnings: first.candidate.warnings }
  const [{ candidate, total }] = plan.attempts
  const most = total.maxNanoUsd === null ? 'has no known maximum' : `may cost $${formatUsd(total.maxNanoUsd)}`
  throw new HalftoneError(
    'quote_exceeded',
    `Nothing that can serve this request now stays within the quoted $${formatUsd(pin.maxNanoUsd)}; the first choice, ${candidate.offer.id}, ${most}.`,
    { param: 'x-halftone-quote-id' },
  )
}
