import type { PriceStep } from '../lib/rates.ts'

const WIDTH = 320
const HEIGHT = 64
const PAD = 6
const DAY_MS = 86_400_000

/** A price through time as a staircase; the same steps stand beside it in words. `today` is an ISO date. */
export function PriceSteps({ steps, today, label }: { steps: readonly PriceStep[]; today: string; label: string }) {
  const drawn = drawSteps(steps, today)
  if (!drawn) return null
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label} className="block h-16 w-full max-w-80">
      <line x1={0} x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} className="stroke-rule-strong" />
      <line
        x1={drawn.todayX}
        x2={drawn.todayX}
        y1={0}
        y2={HEIGHT}
        className="stroke-muted [stroke-dasharray:2_3]"
        vectorEffect="non-scaling-stroke"
      />
      <path d={drawn.path} className="fill-none stroke-magenta stroke-2" vectorEffect="non-scaling-stroke" />
      {drawn.dots.map(({ x, y }) => (
        <circle key={x} cx={x} cy={y} r={3} className="fill-magenta" />
      ))}
    </svg>
  )
}

interface Drawn {
  readonly path: string
  readonly dots: readonly { readonly x: number; readonly y: number }[]
  readonly todayX: number
}

/** The geometry; undefined when there is nothing to draw. Heights start at zero, so that a step looks as large as it is. */
export function drawSteps(steps: readonly PriceStep[], today: string): Drawn | undefined {
  const [first] = steps
  if (!first) return undefined
  const days = (date: string): number => Date.parse(date) / DAY_MS
  const start = days(first.from)
  const end = Math.max(...steps.flatMap(({ from, to }) => [days(from), to === null ? 0 : days(to)]), days(today)) + 20
  const most = Math.max(...steps.map(({ price }) => price)) || 1
  const x = (day: number): number => round(((day - start) / Math.max(1, end - start)) * (WIDTH - 2 * PAD) + PAD)
  const y = (price: number): number => round(HEIGHT - PAD - (price / most) * (HEIGHT - 2 * PAD - 4))
  const parts = steps.map((step, index) => {
    const until = step.to === null ? end : days(step.to)
    const joins = index > 0 && steps[index - 1]?.to === step.from
    return `${joins ? 'L' : 'M'}${x(days(step.from))} ${y(step.price)}H${x(until)}`
  })
  return {
    path: parts.join(''),
    dots: steps.map((step) => ({ x: x(days(step.from)), y: y(step.price) })),
    todayX: x(days(today)),
  }
}

const round = (value: number): number => Math.round(value * 10) / 10
