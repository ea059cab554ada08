import { ball, type InkTones, ramp, screenPath } from './halftone.ts'

const SIZE = 560
const PITCH = 9
/** Traditional screen angles; yellow, the faintest, takes the one that would show most. */
const angles = { yellow: 0, cyan: 15, magenta: 75, key: 45 } as const
const inks = ['yellow', 'cyan', 'magenta', 'key'] as const

/** A four-colour halftone picture. Decoration: hidden from assistive technology. */
export function HalftoneArt({ tones = ball, className }: { tones?: InkTones; className?: string }) {
  return (
    <svg viewBox={`0 0 ${SIZE} ${SIZE}`} className={className} aria-hidden="true">
      {inks.map((ink) => (
        <path
          key={ink}
          className={`ink-${ink}`}
          d={screenPath({ width: SIZE, height: SIZE, pitch: PITCH, angle: angles[ink], tone: tones[ink] })}
        />
      ))}
    </svg>
  )
}

const rampPath = screenPath({ width: 120, height: 40, pitch: 7, angle: 45, tone: ramp })

/** A tone ramp in one ink: what a picture looks like before there is one. */
export const ToneRamp = ({ className }: { className?: string }) => (
  <svg viewBox="-4 -4 128 48" className={className} aria-hidden="true">
    <path d={rampPath} className="fill-rule-strong" />
  </svg>
)

/** The strip printers use to judge density: each ink in four tints. */
export function ControlStrip({ className = '' }: { className?: string }) {
  return (
    <div className={`control-strip ${className}`} aria-hidden="true">
      {['cyan', 'magenta', 'yellow', 'key'].flatMap((ink) =>
        [1, 2, 3, 4].map((tint) => <i key={ink + tint} className={`${ink} tint-${tint}`} />),
      )}
    </div>
  )
}

/** The mark: dots that grow from nothing to ink. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden="true">
      {[0, 1, 2].flatMap((row) =>
        [0, 1, 2].map((column) => (
          <circle
            key={`${row}-${column}`}
            cx={6 + column * 10}
            cy={6 + row * 10}
            r={4.9 - (row + column) * 0.85}
            className={row === 2 && column === 2 ? 'mark-accent' : 'mark-dot'}
          />
        )),
      )}
    </svg>
  )
}
