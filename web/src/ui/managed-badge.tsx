import { Tooltip } from './tooltip.tsx'

const texts = { file: 'halftone.yaml', environment: 'environment', built_in: 'built in' } as const

/** Whose an object is, where it cannot be changed here: the reason is its hint. Nothing for what the API manages. */
export function ManagedBadge({ by, reason }: { by: keyof typeof texts | 'api'; reason: string | null }) {
  if (by === 'api') return null
  return (
    <Tooltip text={reason ?? texts[by]}>
      <button type="button" className="badge">
        {texts[by]}
        {reason !== null && <span className="sr-only">: {reason}</span>}
      </button>
    </Tooltip>
  )
}
