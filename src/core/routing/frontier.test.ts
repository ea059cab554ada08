import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { costQualityFrontier, type FrontierEntry } from './frontier.ts'

const entry = (name: string, cents: number, score?: number) => ({
  name,
  expectedNanoUsd: BigInt(cents) * 10_000_000n,
  qualityScore: score,
})
const names = (list: readonly { name: string }[]) => list.map(({ name }) => name).join(' ')

test.each([
  { rule: 'nothing gives nothing', entries: [], frontier: '', dominated: '', unrated: '' },
  {
    rule: 'dearer and better stays, dearer and worse goes',
    entries: [entry('cheap', 1, 1000), entry('worse', 2, 990), entry('better', 3, 1100)],
    frontier: 'cheap better',
    dominated: 'worse',
    unrated: '',
  },
  {
    rule: 'a candidate nobody rated is listed apart, never ranked as zero',
    entries: [entry('free', 0), entry('cheap', 1, 1000), entry('dear', 9)],
    frontier: 'cheap',
    dominated: '',
    unrated: 'free dear',
  },
  {
    rule: 'for the same money only the better one stays',
    entries: [entry('worse', 1, 900), entry('better', 1, 1000)],
    frontier: 'better',
    dominated: 'worse',
    unrated: '',
  },
  {
    rule: 'as good for more money goes',
    entries: [entry('dearer', 2, 1000), entry('cheaper', 1, 1000)],
    frontier: 'cheaper',
    dominated: 'dearer',
    unrated: '',
  },
  {
    rule: 'a negative score is a score',
    entries: [entry('low', 1, -5), entry('zero', 2, 0)],
    frontier: 'low zero',
    dominated: '',
    unrated: '',
  },
])('$rule', ({ entries, frontier, dominated, unrated }) => {
  const found = costQualityFrontier(entries)
  expect([names(found.frontier), names(found.dominated), names(found.unrated)]).toEqual([frontier, dominated, unrated])
})

describe('whatever the candidates', () => {
  const arbitrary = fc.array(
    fc.record({
      expectedNanoUsd: fc.bigInt({ min: 0n, max: 20n }),
      qualityScore: fc.option(fc.integer({ min: -3, max: 12 }), { nil: undefined }),
    }),
    { maxLength: 30 },
  )
  const beats = (a: FrontierEntry, b: FrontierEntry): boolean =>
    a.qualityScore !== undefined &&
    b.qualityScore !== undefined &&
    a.expectedNanoUsd <= b.expectedNanoUsd &&
    a.qualityScore >= b.qualityScore &&
    (a.expectedNanoUsd < b.expectedNanoUsd || a.qualityScore > b.qualityScore)

  test('each is in exactly one list; nothing beats the frontier; something on it equals or beats what is dominated', () => {
    fc.assert(
      fc.property(arbitrary, (entries) => {
        const { frontier, dominated, unrated } = costQualityFrontier(entries)
        expect(frontier.length + dominated.length + unrated.length).toBe(entries.length)
        for (const member of frontier) expect(entries.some((other) => beats(other, member))).toBe(false)
        for (const loser of dominated) {
          const same = (other: FrontierEntry) =>
            other.expectedNanoUsd === loser.expectedNanoUsd && other.qualityScore === loser.qualityScore
          expect(frontier.some((member) => beats(member, loser) || same(member))).toBe(true)
        }
        expect(unrated.every(({ qualityScore }) => qualityScore === undefined)).toBe(true)
      }),
    )
  })
})
