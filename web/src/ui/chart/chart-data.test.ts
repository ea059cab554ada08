import { describe, expect, it } from 'vitest'
import { type ChartPoint, foldSeries, seriesColour, seriesOf, xText } from './chart-data.ts'

const point = (x: string, series: string, y: number): ChartPoint => ({ x, series, y })

describe('chart data', () => {
  it('a given order of the series holds, strangers come last', () => {
    const points = [point('a', 'q', 1), point('a', 'p', 1), point('a', 'z', 1)]
    expect(seriesOf(points, ['p', 'gone', 'q'])).toEqual(['p', 'q', 'z'])
    expect(seriesOf([{ x: 1, y: 1 }])).toEqual([])
  })

  it('colours repeat only after the last', () => {
    expect(seriesColour(0)).toBe('var(--series-1)')
    expect(seriesColour(8)).toBe('var(--series-1)')
  })

  it('small series are folded and every sum stays', () => {
    const points = [point('a', 'big', 9), point('a', 's', 1), point('a', 't', 2), point('b', 's', 4), point('b', 'big', 9)]
    const folded = foldSeries(points, 1)
    expect(folded).toEqual([point('a', 'big', 9), point('b', 'big', 9), point('a', 'others', 3), point('b', 'others', 4)])
    expect(foldSeries(points, 2)).toBe(points)
  })

  it('days are dates and hours have their time', () => {
    expect(xText(new Date('2026-11-22'))).toBe('2026-11-22')
    expect(xText(new Date('2026-11-22T05:00:00Z'))).toBe('2026-11-22 05:00')
    expect(xText(3)).toBe('3')
  })
})
