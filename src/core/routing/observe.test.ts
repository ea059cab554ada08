import { describe, expect, test } from 'vitest'
import { isWorse } from './observe.ts'

const words = (accepted: number, rejected: number) => ({ accepted, rejected })

describe('the routed part is given back', () => {
  test.each([
    ['not on few words', words(0, 49), words(400, 0), false],
    ['not when little is known of the other', words(0, 400), words(49, 0), false],
    ['not when both are liked alike', words(450, 50), words(450, 50), false],
    ['not within the margin, however much is known', words(8_600, 1_400), words(9_000, 1_000), false],
    ['not by chance', words(43, 8), words(46, 5), false],
    ['when it is clearly liked less', words(60, 40), words(92, 8), true],
    ['when it is somewhat less liked and much is known', words(8_200, 1_800), words(9_000, 1_000), true],
    ['not when it is liked more', words(95, 5), words(60, 40), false],
  ])('%s', (_, routed, observed, expected) => expect(isWorse(routed, observed)).toBe(expected))

  test('seldom when both are the same: under 1 % of experiments at one look', () => {
    let seed = 7
    const random = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
      return seed / 2 ** 31
    }
    const sample = () => {
      const accepted = Array.from({ length: 120 }, random).filter((value) => value < 0.85).length
      return words(accepted, 120 - accepted)
    }
    const wrong = Array.from({ length: 2_000 }, () => isWorse(sample(), sample())).filter(Boolean).length
    expect(wrong).toBeLessThan(20)
  })
})
