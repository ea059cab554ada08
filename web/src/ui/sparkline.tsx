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
  if (values.length < 2) return null
  return (
    <svg viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label={label} className={`block ${className}`}>
      <path d={areaPath(values)} className="fill-cyan opacity-20" />
      <path d={linePath(values)} className="fill-none stroke-ink stroke-[1.5]" vectorEffect="non-scaling-stroke" />
    </svg>
  )
}
