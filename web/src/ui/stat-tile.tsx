import type { ReactNode } from 'react'
import { formatShare } from '../lib/numbers.ts'
import { Skeleton } from './notice.tsx'
import { Hint } from './tooltip.tsx'

interface Props {
  readonly label: string
  /** The figure, formatted: `<Short usd=... />`, `1,204`, `92.1%`. */
  readonly value: ReactNode
  /** Against the period before, as a share of it; null: there was nothing before. */
  readonly change?: number | null
  /** Which direction is good news: less money, more success. */
  readonly better?: 'less' | 'more'
  /** A line below: the period, the count behind it, its coverage. */
  readonly note?: ReactNode
  /** How it is computed, in a sentence. Every figure that is not a plain sum has one. */
  readonly method?: ReactNode
  readonly tone?: 'ink' | 'warn' | 'bad'
  /** A sparkline or a meter. */
  readonly children?: ReactNode
}

/** One figure with what it means. */
export function StatTile({ label, value, change, better, note, method, tone = 'ink', children }: Props) {
  const colour = { ink: '', warn: 'text-warn', bad: 'text-bad' }[tone]
  return (
    <div className="stat-tile" data-stat={label}>
      <p className="label flex items-center gap-1.5">
        {label}
        {method && <Hint label={label}>{method}</Hint>}
      </p>
      <p
        className={`mt-0.5 flex flex-wrap items-baseline gap-x-2 text-[1.5rem] leading-tight font-semibold tracking-tight ${colour}`}
      >
        <span className="num">{value}</span>
        {change !== undefined && <Change share={change} better={better} />}
      </p>
      {note && <p className="label mt-0.5">{note}</p>}
      {children && <div className="mt-auto pt-2">{children}</div>}
    </div>
  )
}

function Change({ share, better }: { share: number | null; better: 'less' | 'more' | undefined }) {
  if (share === null) return <span className="text-sm font-normal tracking-normal text-muted">new</span>
  const good = share !== 0 && better !== undefined && share > 0 === (better === 'more')
  const colour = share === 0 || better === undefined ? 'text-muted' : good ? 'text-good' : 'text-bad'
  return (
    <span className={`num text-sm font-normal tracking-normal ${colour}`}>
      {share > 0 ? '+' : ''}
      {formatShare(share)}
      <span className="sr-only"> against the period before</span>
    </span>
  )
}

/** Tiles in a row that wraps; the rules between them are those of a ledger. */
export const StatRow = ({ label, children }: { label: string; children: ReactNode }) => (
  <section aria-label={label} className="stat-row">
    {children}
  </section>
)

export const StatSkeleton = ({ count = 4 }: { count?: number }) => (
  <div role="status" aria-label="Loading figures" className="stat-row">
    {Array.from({ length: count }, (_, index) => `figure ${index}`).map((figure) => (
      <div key={figure} className="stat-tile">
        <Skeleton className="h-4 w-20" />
        <Skeleton className="mt-2 h-7 w-28" />
      </div>
    ))}
  </div>
)
