import fc from 'fast-check'
import { expect, test } from 'vitest'
import { estimate } from './estimate.ts'
import { noExperience, reduceFeedback } from './experience.ts'
import { type FeedbackWord, implicitSignals, ratingOf, unrated } from './feedback.ts'

const verdict = fc.constantFrom('accept' as const, 'reject' as const)
const signal = fc.constantFrom(
  'explicit' as const,
  'edited' as const,
  'downloaded' as const,
  'rerolled' as const,
  'deleted' as const,
)
const word: fc.Arbitrary<FeedbackWord> = fc.oneof(
  fc.record({ signal, verdict, atUs: fc.nat() }),
  fc.record({
    signal: fc.constant('explicit' as const),
    verdict: fc.constant('score' as const),
    score: fc.integer({ min: 0, max: 1_000 }),
    atUs: fc.nat(),
  }),
)

test('a picture counts for one word at most, whatever is said about it', () => {
  fc.assert(
    fc.property(fc.array(word), (words) => {
      const { accepted, rejected } = ratingOf(words)
      expect(Math.min(accepted, rejected)).toBeGreaterThanOrEqual(0)
      expect(accepted + rejected).toBeLessThanOrEqual(1_000)
      if (words.some((it) => it.signal === 'explicit')) expect(accepted + rejected).toBe(1_000)
    }),
  )
})

test('a signal never counts for as much as a word', () => {
  for (const { weight } of Object.values(implicitSignals)) expect(weight).toBeLessThan(1_000)
})

test('of two equally strong signals the later counts', () => {
  const edited = { signal: 'edited', verdict: 'accept', atUs: 1 } as const
  const deleted = { signal: 'deleted', verdict: 'reject', atUs: 2 } as const
  expect(ratingOf([deleted, edited])).toEqual({ accepted: 0, rejected: 500 })
  expect(ratingOf([{ ...deleted, atUs: 0 }, edited])).toEqual({ accepted: 500, rejected: 0 })
})

test('a changed mind replaces the earlier word in what was learned', () => {
  const accepted = { accepted: 1_000, rejected: 0 }
  const rejected = { accepted: 0, rejected: 1_000 }
  const changed = reduceFeedback(reduceFeedback(noExperience, unrated, accepted), accepted, rejected)
  expect(changed.accepted).toBe(0)
  expect(estimate(changed).acceptance).toBe(0)
})

test('sums of ratings never fall below nothing, in whatever order words change', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word)), (changes) => {
      let seen = noExperience
      for (const [before, after] of changes) seen = reduceFeedback(seen, ratingOf([before]), ratingOf([after]))
      expect(Math.min(seen.accepted, seen.rejected)).toBeGreaterThanOrEqual(0)
    }),
  )
})
