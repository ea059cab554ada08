import { describe, expect, it } from 'vitest'
import { allowanceAt, wantsAlert } from './alert.ts'

describe('a channel', () => {
  it.each([
    ['everything by default', {}, true],
    ['its kinds', { kinds: ['disk.low'] }, false],
    ['its kinds, this one among them', { kinds: ['disk.low', 'money.unknown'] }, true],
    ['its severity and worse', { minSeverity: 'critical' }, false],
    ['its severity', { minSeverity: 'warning' }, true],
  ] as const)('is told of %s', (_, filter, wanted) => {
    expect(wantsAlert({ minSeverity: 'info', ...filter }, { kind: 'money.unknown', severity: 'warning' })).toBe(wanted)
  })
})

describe('the allowance', () => {
  const HOUR_US = 3_600_000_000
  it('begins with a burst and never holds more', () => {
    expect(allowanceAt(undefined, 60, 0).left).toBe(20)
    expect(allowanceAt({ left: 20, atUs: 0 }, 60, HOUR_US).left).toBe(20)
    expect(allowanceAt(undefined, 5, 0).left).toBe(5)
  })
  it('comes back evenly over the hour', () => {
    expect(allowanceAt({ left: 0, atUs: 0 }, 60, HOUR_US / 60).left).toBeCloseTo(1)
    expect(allowanceAt({ left: 0, atUs: 0 }, 60, HOUR_US / 4).left).toBeCloseTo(15)
  })
})
