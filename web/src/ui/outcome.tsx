/** Outcomes in words and colour; colour never stands alone. */
const looks: Readonly<Record<string, readonly [text: string, tone: string, dot: string]>> = {
  succeeded: ['Succeeded', 'text-good', 'bg-good'],
  partial: ['Partial', 'text-warn', 'bg-yellow'],
  refused: ['Refused', 'text-bad', 'bg-magenta'],
  rejected: ['Rejected', 'text-bad', 'bg-magenta'],
  rate_limited: ['Rate limited', 'text-warn', 'bg-yellow'],
  timeout: ['Timed out', 'text-bad', 'bg-magenta'],
  error: ['Failed', 'text-bad', 'bg-magenta'],
  cancelled: ['Cancelled', 'text-muted', 'bg-rule-strong'],
  unknown: ['Unknown', 'text-warn', 'bg-yellow'],
}

export const outcomeText = (outcome: string | null): string => (outcome === null ? 'Running' : (looks[outcome]?.[0] ?? outcome))

export function Outcome({ outcome }: { outcome: string | null }) {
  const [, tone, dot] = (outcome === null ? undefined : looks[outcome]) ?? ['', 'text-link', 'bg-cyan live-dot']
  return (
    <span className={`inline-flex items-center gap-1.5 ${tone}`}>
      <i className={`size-2 shrink-0 rounded-full ${dot}`} aria-hidden="true" />
      {outcomeText(outcome)}
    </span>
  )
}

const statusText: Readonly<Record<string, string>> = {
  final: 'final',
  estimated: 'estimated',
  unknown: 'may have been billed',
  unpriced: 'no known price',
  pending: 'still running',
}

/** How sure the cost is. */
export const costStatusText = (status: string): string => statusText[status] ?? status
