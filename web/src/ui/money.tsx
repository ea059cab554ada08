import { exactUsd, isZeroUsd, shortUsd } from '../lib/money.ts'

/** An amount with every digit. */
export const Exact = ({ usd, className = '' }: { usd: string; className?: string }) => (
  <span className={`num ${className}`}>{exactUsd(usd)}</span>
)

/** A rounded figure; the exact amount is its title. */
export const Short = ({ usd, className = '' }: { usd: string; className?: string }) => (
  <span className={`num ${className}`} title={exactUsd(usd)}>
    {shortUsd(usd)}
  </span>
)

/** A difference at a glance, with its sign; the exact amount is its title. */
export const Signed = ({ usd, className = '' }: { usd: string; className?: string }) => (
  <span className={`num ${className}`} title={exactUsd(usd)}>
    {usd.startsWith('-') || isZeroUsd(usd) ? shortUsd(usd) : `+${shortUsd(usd)}`}
  </span>
)

/** What a request cost: a word where no price is known, because unpriced is not free. */
export function Cost({
  usd,
  status,
  exact = false,
  className = '',
}: {
  usd: string
  status: string
  exact?: boolean
  className?: string
}) {
  if (isZeroUsd(usd) && status === 'unpriced') return <span className={`text-warn ${className}`}>unpriced</span>
  return exact ? <Exact usd={usd} className={className} /> : <Short usd={usd} className={className} />
}
