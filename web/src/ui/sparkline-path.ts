/** The geometry of a sparkline in a box of 100 x 30; zero is always in sight, so that a ripple does not look like a wave. */
const WIDTH = 100
const HEIGHT = 30
const INSET = 1.5

export function linePath(values: readonly number[]): string {
  return pointsOf(values)
    .map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(2)} ${y.toFixed(2)}`)
    .join('')
}

export const areaPath = (values: readonly number[]): string =>
  values.length === 0 ? '' : `${linePath(values)}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`

function pointsOf(values: readonly number[]): readonly (readonly [number, number])[] {
  const low = Math.min(0, ...values)
  const span = Math.max(0, ...values) - low || 1
  const step = values.length > 1 ? WIDTH / (values.length - 1) : 0
  return values.map((value, index) => [index * step, HEIGHT - INSET - ((value - low) / span) * (HEIGHT - 2 * INSET)])
}
