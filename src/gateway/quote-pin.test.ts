import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { imageOf } from '../../test/support/pricing.ts'
import { NOW_US, offerOf, policyOf, requestOf } from '../../test/support/routing.ts'
import { HalftoneError } from '../core/error.ts'
import type { ImageRequest } from '../core/request.ts'
import type { PlannedAttempt } from '../core/routing/index.ts'
import { createQuotePins, pinPlan, QUOTE_SECONDS, type Quoted } from './quote-pin.ts'
import type { UsablePlan } from './result.ts'

const pins = createQuotePins(new Uint8Array(32).fill(7))
const quotedOf = (request: Partial<ImageRequest> = {}, keyId = 'key-1', allowUnsupported = false): Quoted => ({
  request: requestOf({ inputs: [imageOf(640, 480)], ...request }),
  options: { allowUnsupported, bodyMetadata: true },
  caller: { keyId },
})
const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    return error instanceof HalftoneError ? error.code : String(error)
  }
  return 'ok'
}

describe('a quote id', () => {
  const { id, maxNanoUsd, expiresUs } = pins.issue(quotedOf(), 42_000_000n, NOW_US)

  test('carries its maximum and expiry to any node with the same secret, and is short and printable', () => {
    const elsewhere = createQuotePins(new Uint8Array(32).fill(7))
    expect(elsewhere.check(id, quotedOf(), NOW_US)).toEqual({ id, maxNanoUsd, expiresUs })
    expect(maxNanoUsd).toBe(42_000_000n)
    expect(expiresUs).toBe(NOW_US + QUOTE_SECONDS * 1_000_000)
    expect(id).toMatch(/^quote_[A-Za-z0-9_-]{48}$/)
  })

  test.each<[rule: string, quoted: Quoted, code: string]>([
    ['the same request', quotedOf(), 'ok'],
    ['other tags and another customer', quotedOf({ attribution: { tags: { a: 'b' }, endCustomer: 'c' } }), 'ok'],
    ['links instead of bytes', quotedOf({ responseFormat: 'url' }), 'ok'],
    ['the same sizes with other bytes', quotedOf({ inputs: [{ ...imageOf(640, 480), sha256: 'f'.repeat(64), bytes: 9 }] }), 'ok'],
    ['another prompt', quotedOf({ prompt: 'a blue fox' }), 'quote_mismatch'],
    ['more images', quotedOf({ n: 2 }), 'quote_mismatch'],
    ['another quality', quotedOf({ quality: 'high' }), 'quote_mismatch'],
    ['another model', quotedOf({ model: 'acme/dear' }), 'quote_mismatch'],
    ['a larger input', quotedOf({ inputs: [imageOf(641, 480)] }), 'quote_mismatch'],
    ['an input more', quotedOf({ inputs: [imageOf(640, 480), imageOf(8, 8)] }), 'quote_mismatch'],
    ['a mask', quotedOf({ inputs: [imageOf(640, 480), imageOf(640, 480, 'mask')] }), 'quote_mismatch'],
    ['provider parameters', quotedOf({ extraBody: { acme: { speed: 'turbo' } } }), 'quote_mismatch'],
    ['a stream with partial images', quotedOf({ stream: true, partialImages: 2 }), 'quote_mismatch'],
    ['leave to drop parameters', quotedOf({}, 'key-1', true), 'quote_mismatch'],
    [
      'other models to fall back to',
      { ...quotedOf(), options: { ...quotedOf().options, fallbackModels: ['a/b'] } },
      'quote_mismatch',
    ],
    [
      'another deadline and max cost',
      { ...quotedOf(), options: { ...quotedOf().options, deadlineMs: 5, maxCostNanoUsd: 5n } },
      'ok',
    ],
    ['another key', quotedOf({}, 'key-2'), 'quote_mismatch'],
  ])('is for one request and key: %s', (_rule, quoted, code) => {
    expect(codeOf(() => pins.check(id, quoted, NOW_US))).toBe(code)
  })

  test('holds until its last microsecond and not longer', () => {
    expect(codeOf(() => pins.check(id, quotedOf(), expiresUs - 1))).toBe('ok')
    expect(codeOf(() => pins.check(id, quotedOf(), expiresUs))).toBe('quote_expired')
  })

  test('cannot be changed, cut, made up or signed with another secret', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 35 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Buffer.from(id.slice('quote_'.length), 'base64url')
        bytes[at] = (bytes[at] ?? 0) ^ change
        return codeOf(() => pins.check(`quote_${bytes.toString('base64url')}`, quotedOf(), NOW_US)) === 'quote_mismatch'
      }),
    )
    const other = createQuotePins(new Uint8Array(32).fill(8)).issue(quotedOf(), 42n, NOW_US)
    for (const wrong of ['', 'quote_', id.slice(0, -4), `${id}AAAA`, id.slice('quote_'.length), 'quote_∆', other.id]) {
      expect(
        codeOf(() => pins.check(wrong, quotedOf(), NOW_US)),
        wrong,
      ).toBe('quote_mismatch')
    }
  })

  test('any amount that fits the ledger survives', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (amount) => {
        const issued = pins.issue(quotedOf(), amount, NOW_US)
        return pins.check(issued.id, quotedOf(), NOW_US).maxNanoUsd === amount
      }),
    )
  })
})

describe('a plan held to a quote', () => {
  const attempt = (provider: string, max: bigint | null): PlannedAttempt => ({
    candidate: {
      offer: offerOf(provider, 'one'),
      settings: { size: { width: 1024, height: 1024 }, format: 'png', n: 1 },
      warnings: [{ code: 'parameter_dropped', message: provider }],
    },
    total: { calls: 1, minNanoUsd: 1n, expectedNanoUsd: 5n, maxNanoUsd: max },
    score: 0,
  })
  const planOf = (first: PlannedAttempt, ...rest: PlannedAttempt[]): UsablePlan => ({
    kind: 'plan',
    policy: policyOf(),
    attempts: [first, ...rest],
    eliminated: [],
    warnings: first.candidate.warnings,
  })
  const pin = { id: 'quote_x', maxNanoUsd: 10n, expiresUs: 0 }
  const providers = ({ attempts }: UsablePlan) => attempts.map(({ candidate }) => candidate.offer.provider).join(' ')

  test('keeps what stays within the maximum, in order; what has no bound goes', () => {
    const plan = planOf(attempt('dearer', 11n), attempt('equal', 10n), attempt('open', null), attempt('cheap', 4n))
    const pinned = pinPlan(plan, pin)
    expect(providers(pinned)).toBe('equal cheap')
    expect(pinned.warnings).toMatchObject([{ message: 'equal' }])
  })

  test.each([
    ['everything costs more now', planOf(attempt('dearer', 11n)), '$0.000000011'],
    ['what is left has no bound', planOf(attempt('open', null)), 'no known maximum'],
  ])('is refused when %s', (_rule, plan, says) => {
    expect(codeOf(() => pinPlan(plan, pin))).toBe('quote_exceeded')
    expect(() => pinPlan(plan, pin)).toThrow(says)
  })
})
