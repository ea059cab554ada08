import type { State } from './select-providers.ts'

const tones = { good: 'bg-good', warn: 'bg-yellow', bad: 'bg-magenta', muted: 'bg-rule-strong' } as const

/** A state in words, with its colour. */
export const StateDot = ({ state: { text, tone } }: { state: State }) => (
  <span className={`inline-flex items-center gap-1.5 ${tone === 'bad' ? 'text-bad' : tone === 'muted' ? 'text-muted' : ''}`}>
    <i className={`size-2 shrink-0 rounded-full ${tones[tone]}`} aria-hidden="true" />
    {text}
  </span>
)
