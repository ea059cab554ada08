/** How much of a limit is used, as a row of dots that fill like a tint. Decoration: the words stand beside it. */
const DOTS = 24
const positions = Array.from({ length: DOTS }, (_, index) => index)

export function DotMeter({ perMille, tone }: { perMille: number; tone: 'ink' | 'warn' | 'bad' }) {
  const filled = (perMille * DOTS) / 1000
  const fill = { ink: 'fill-ink', warn: 'fill-warn', bad: 'fill-bad' }[tone]
  return (
    <svg
      viewBox={`0 0 ${DOTS * 8} 8`}
      className="block h-2 w-full max-w-56"
      preserveAspectRatio="xMinYMid meet"
      aria-hidden="true"
    >
      {positions.map((position) => {
        const share = Math.min(1, Math.max(0, filled - position))
        return (
          <circle
            key={position}
            cx={position * 8 + 4}
            cy={4}
            r={1.1 + share * 2.3}
            className={share > 0 ? fill : 'fill-rule-strong'}
          />
        )
      })}
    </svg>
  )
}
