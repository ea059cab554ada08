import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Correction,
  correctedRating,
  correctionAt,
  correctionOf,
  describeCorrection,
  EVIDENCE_HALF_LIFE_US,
  type FloorWord,
  floorFindings,
} from './corrections.ts'

const HOUR_US = 3_600_000_000
const DAY_US = 24 * HOUR_US
const START_US = Date.UTC(2026, 10, 1) * 1_000

/** One word an hour: `r` rejects, `a` accepts, `h` is a score of one half. */
const said = (letters: string, floor = 1_007, voice?: string): FloorWord[] =>
  [...letters].map((letter, hour) => ({
    floor,
    accepted: letter === 'a' ? 1 : letter === 'h' ? 0.5 : 0,
    atUs: START_US + hour * HOUR_US,
    ...(voice !== undefined && { voice }),
  }))
const failsAt = (words: readonly FloorWord[], nowUs = (words.at(-1)?.atUs ?? 0) + 1) =>
  correctionAt(floorFindings(words), nowUs)?.failsAt

describe('a model at one quality setting', () => {
  test.each([
    ['is below its floor after three rejections in a row', 'rrr', 1_007],
    ['is not after two', 'rr', undefined],
    ['is not when every other picture of many is accepted before them', 'aaararaar', undefined],
    ['is by rejections that outweigh what was accepted between them', 'rraarrr', 1_007],
    ['is not helped by what was accepted before', 'aaaaaaaaaaaarrr', 1_007],
    ['is below it by many middling scores as well', 'hhhhhhhhhhhhhhhhhh', 1_007],
  ])('%s', (_rule, letters, expected) => {
    expect(failsAt(said(letters))).toBe(expected)
  })

  test('what is rejected under one floor fails every higher one, and no lower one', () => {
    const words = [...said('rrr', 1_007), { floor: 885, accepted: 1, atUs: START_US + 4 * HOUR_US }]
    const findings = floorFindings(words)
    expect(correctionAt(findings, START_US + 5 * HOUR_US)).toMatchObject({ failsAt: 1_007, rejected: 3, accepted: 0 })
    expect(findings).toMatchObject([
      { floor: 885, against: 0, failsUntilUs: 0 },
      { floor: 1_007, rejected: 3 },
    ])
  })

  test('is below a floor by what is rejected under it and under a lower one together', () => {
    const words = [...said('rr', 885), { floor: 1_007, accepted: 0, atUs: START_US + 4 * HOUR_US }]
    expect(failsAt(words)).toBe(1_007)
    expect(failsAt(words.slice(0, 2))).toBeUndefined()
  })

  test('is tried again after some days, and one more rejection closes it again', () => {
    const words = said('rrr')
    const until = correctionAt(floorFindings(words), START_US + DAY_US)?.untilUs ?? 0
    expect((until - START_US) / DAY_US).toBeGreaterThan(2)
    expect((until - START_US) / DAY_US).toBeLessThan(3)
    expect(failsAt(words, until)).toBeUndefined()
    expect(failsAt([...words, { floor: 1_007, accepted: 0, atUs: until + 1 }])).toBe(1_007)
    expect(failsAt([...words, { floor: 1_007, accepted: 1, atUs: until + 1 }])).toBeUndefined()
  })

  test('is tried again after a half-life without a word, however much was rejected', () => {
    const words = said('r'.repeat(500))
    const last = words.at(-1)?.atUs ?? 0
    expect(failsAt(words, last + EVIDENCE_HALF_LIFE_US - 1)).toBe(1_007)
    expect(failsAt(words, last + EVIDENCE_HALF_LIFE_US)).toBeUndefined()
  })

  test('counts words from the first rejection that still counts', () => {
    const words = [...said('r'), ...said('rrr').map((word) => ({ ...word, atUs: word.atUs + 40 * DAY_US }))]
    expect(correctionAt(floorFindings(words), START_US + 41 * DAY_US)).toMatchObject({
      rejected: 3,
      sinceUs: START_US + 40 * DAY_US,
    })
  })
})

describe('one voice', () => {
  test('does not switch a model off alone, and two together do', () => {
    expect(failsAt(said('r'.repeat(50), 1_007, 'ann'))).toBeUndefined()
    const two = [...said('rr', 1_007, 'ann'), ...said('rr', 1_007, 'ben')].sort((a, b) => a.atUs - b.atUs)
    expect(failsAt(two)).toBe(1_007)
  })

  test('that accepts as well is heard in full', () => {
    const busy = said(`${'a'.repeat(20)}rr`, 1_007, 'ann')
    const other: FloorWord = { floor: 1_007, accepted: 0, atUs: START_US + 30 * HOUR_US, voice: 'ben' }
    expect(failsAt([...busy, other])).toBe(1_007)
  })

  test('stays below what suffices, whatever it says and when', () => {
    const word = fc.record({ accepted: fc.constantFrom(0, 0.3, 1), gap: fc.integer({ min: 0, max: 100 }) })
    fc.assert(
      fc.property(fc.array(word, { maxLength: 80 }), (words) => {
        let atUs = START_US
        const spoken = words.map(({ accepted, gap }) => {
          atUs += gap * HOUR_US
          return { floor: 1_007, accepted, atUs, voice: 'ann' }
        })
        expect(failsAt(spoken)).toBeUndefined()
      }),
    )
  })
})

const correction: Correction = {
  failsAt: 1_007,
  rejected: 3,
  accepted: 1,
  sinceUs: START_US,
  failsSinceUs: 0,
  untilUs: START_US + 3 * DAY_US,
}

test('a corrected rating lies below the floor that fails, and is never raised', () => {
  expect(correctedRating(1_100, correction)).toBe(1_006)
  expect(correctedRating(900, correction)).toBe(900)
  expect(correctedRating(undefined, correction)).toBeUndefined()
  expect(correctedRating(1_100, undefined)).toBe(1_100)
})

test("a candidate's own correction goes before that of its model at the same quality", () => {
  const own = { ...correction, failsAt: 885 }
  const corrections = new Map([
    ['one:acme/flat#low', own],
    ['acme/flat@low', correction],
  ])
  expect(correctionOf(corrections, ['one:acme/flat#low', 'acme/flat@low'])).toBe(own)
  expect(correctionOf(corrections, ['two:acme/flat#low', 'acme/flat@low'])).toBe(correction)
  expect(correctionOf(corrections, ['two:acme/flat#medium', 'acme/flat@medium'])).toBeUndefined()
})

test('people read how often and since when', () => {
  expect(describeCorrection(correction)).toBe(
    'rejected 3 times and accepted once since 2026-11-01 under this floor, which counts until 2026-11-04',
  )
})
