import type { BatchQuote } from '../../../../src/contract/batch-endpoints.ts'

const SHOWN = 20

/** What is wrong, line by line. */
export function Problems({
  caption,
  problems,
  count = problems.length,
}: {
  caption: string
  problems: BatchQuote['errors']
  /** Of all of them, where not all were told. */
  count?: number
}) {
  return (
    <>
      <ul aria-label={caption} className="text-sm">
        {problems.slice(0, SHOWN).map(({ line, code, message, param }) => (
          <li
            key={`${line} ${code} ${message}`}
            className="grid grid-cols-[4.5rem_minmax(0,1fr)] gap-x-3 border-b border-rule py-1.5"
          >
            <span className="num text-muted">{line === null ? 'file' : `line ${line}`}</span>
            <span className="break-words">
              {message}
              <span className="label block font-mono">{param === null ? code : `${code}, ${param}`}</span>
            </span>
          </li>
        ))}
      </ul>
      {count > SHOWN && <p className="label mt-1">and {count - Math.min(SHOWN, problems.length)} more.</p>}
    </>
  )
}
