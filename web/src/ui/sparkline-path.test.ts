import { describe, expect, it } from 'vitest'
import { areaPath, linePath } from './sparkline-path.ts'

describe('a sparkline', () => {
  it('runs over the whole width, zero at the bottom', () => {
    expect(linePath([0, 10])).toBe('M0.00 28.50L100.00 1.50')
  })

  it('does not blow up what hardly changes', () => {
    expect(linePath([100, 101])).toMatch(/^M0\.00 1\.7/)
  })

  it('a flat line of zeros stays on the ground', () => {
    expect(linePath([0, 0])).toBe('M0.00 28.50L100.00 28.50')
    expect(areaPath([])).toBe('')
  })
})
