import { describe, expect, it } from 'vitest'
import { ball, screenPath } from './halftone.ts'

const dots = (path: string): number => path.split('M').length - 1
/** The ink a path lays down: sum of the dots' areas. */
const ink = (path: string): number =>
  [...path.matchAll(/a([\d.]+) /g)].reduce((sum, match) => sum + Math.PI * Number(match[1]) ** 2, 0) / 2

describe('halftone screens', () => {
  it('paper has no dots', () => {
    expect(screenPath({ width: 100, height: 100, pitch: 5, angle: 45, tone: () => 0 })).toBe('')
  })

  it.each([0, 15, 45, 75])('lays down the tone it was asked for at %d degrees', (angle) => {
    const path = screenPath({ width: 200, height: 200, pitch: 5, angle, tone: () => 0.3 })
    expect(dots(path)).toBeGreaterThan(1_000)
    expect(ink(path) / (200 * 200)).toBeCloseTo(0.3, 1)
  })

  it('never asks for more than solid', () => {
    const solid = screenPath({ width: 50, height: 50, pitch: 5, angle: 0, tone: () => 1 })
    expect(screenPath({ width: 50, height: 50, pitch: 5, angle: 0, tone: () => 7 })).toBe(solid)
  })

  it('the ball is darkest away from the light', () => {
    expect(ball.magenta(0.62, 0.62)).toBeGreaterThan(ball.magenta(0.4, 0.32))
    expect(ball.magenta(0.02, 0.02)).toBe(0)
  })
})
