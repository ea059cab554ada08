import type { EliminationCount } from './select-candidates.ts'

/** Why offers were left out, counted by reason. */
export function EliminatedList({ eliminated }: { eliminated: readonly EliminationCount[] }) {
  return (
    <ul className="mt-2 flex flex-col gap-1.5">
      {eliminated.map((entry) => (
        <li key={entry.reason}>
          <span className="num font-medium">
            {entry.count} x {entry.reason.replaceAll('_', ' ')}
          </span>
          {entry.example && <span className="text-muted">: {entry.example}</span>}
        </li>
      ))}
    </ul>
  )
}
