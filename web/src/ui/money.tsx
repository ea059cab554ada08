import { exactUsd, shortUsd } from '../lib/money.ts'

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
