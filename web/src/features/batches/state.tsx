import type { BatchLineWire, BatchWire } from '../../../../src/contract/batch-endpoints.ts'
import { stateText } from './select-batches.ts'

const dots = { good: 'bg-good', warn: 'bg-yellow', bad: 'bg-magenta', muted: 'bg-rule-strong', live: 'bg-cyan live-dot' } as const
const inks = { good: 'text-good', warn: 'text-warn', bad: 'text-bad', muted: 'text-muted', live: 'text-link' } as const

function Dot({ tone, text }: { tone: keyof typeof dots; text: string }) {
  return (
    <span className={`inline-flex items-baseline gap-1.5 ${inks[tone]}`}>
      <i className={`size-2 shrink-0 rounded-full ${dots[tone]}`} aria-hidden="true" />
      {text}
    </span>
  )
}

export const BatchState = ({ batch }: { batch: Pick<BatchWire, 'status' | 'request_counts'> }) => <Dot {...stateText(batch)} />

const lineLooks: Readonly<Record<BatchLineWire['state'], { readonly text: string; readonly tone: keyof typeof dots }>> = {
  waiting: { text: 'waiting', tone: 'live' },
  done: { text: 'done', tone: 'good' },
  failed: { text: 'failed', tone: 'bad' },
  expired: { text: 'out of time', tone: 'warn' },
  cancelled: { text: 'cancelled', tone: 'muted' },
}

export const LineState = ({ state }: { state: BatchLineWire['state'] }) => <Dot {...lineLooks[state]} />
