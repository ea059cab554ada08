import { useId } from 'react'
import { areaPath, linePath } from './sparkline-path.ts'

/** A line without axes. `label` says what it shows in words: the numbers stand elsewhere. */
export function Sparkline({
  values,
  label,
  className = 'h-8 w-full',
}: {
  values: readonly number[]
  label: string
  className?: string
}) {
  const dots = useId()
  if (values.length < 2) return null
  return (
    <svg viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label={label} className={`block ${className}`}>
      <defs>
        <pattern id={dots} width="3" height="3" patternUnits="userSpaceOnUse">
          <circle cx="1.5" cy="1.5" r="0.8" className="fill-cyan" />
        </pattern>
      </defs>
      <path d={areaPath(values)} fill={`url(#${dots})`} opacity="0.5" />
      <path d={linePath(values)} className="fill-none stroke-ink stroke-[1.5]" vectorEffect="non-scaling-stroke" />
    </svg>
  )
}
