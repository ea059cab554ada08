import type { UseQueryResult } from '@tanstack/react-query'
import type { RouteValidation } from '../../../../src/contract/routes.ts'
import { ErrorNotice, Skeleton } from '../../ui/notice.tsx'

interface Props {
  readonly validation: UseQueryResult<RouteValidation>
  readonly textProblem: string | undefined
}

/** What the gateway says about the document, as it is typed. */
export function FindingsPanel({ validation, textProblem }: Props) {
  const { data } = validation
  return (
    <section aria-label="Validation" className="sheet p-4">
      <h2 className="mb-2 font-semibold">Validation</h2>
      <div aria-live="polite">
        {textProblem !== undefined ? (
          <Line level="problem" path="" message={textProblem} remedy="" />
        ) : data ? (
          <Findings validation={data} />
        ) : validation.error ? (
          <ErrorNotice error={validation.error} title="It could not be checked" retry={() => void validation.refetch()} />
        ) : (
          <Skeleton className="h-5 w-2/3" />
        )}
      </div>
    </section>
  )
}

function Findings({ validation: { valid, findings } }: { validation: RouteValidation }) {
  return (
    <>
      {findings.length === 0 && <p className="text-good">Valid, and it does what it says for usual requests.</p>}
      {valid && findings.length > 0 && <p className="mb-2 text-muted">It can be saved. It may not do all that is meant:</p>}
      <ul className="flex flex-col gap-2.5">
        {findings.map((finding) => (
          <li key={`${finding.path} ${finding.message}`}>
            <Line {...finding} />
          </li>
        ))}
      </ul>
    </>
  )
}

const Line = ({ level, path, message, remedy }: RouteValidation['findings'][number]) => (
  <div className={`border-l-4 py-0.5 pl-3 text-[0.93rem] ${level === 'problem' ? 'border-bad' : 'border-yellow'}`}>
    <p>
      <span className={`mr-1.5 text-sm font-semibold ${level === 'problem' ? 'text-bad' : 'text-warn'}`}>
        {level === 'problem' ? 'Problem' : 'Warning'}
      </span>
      {path !== '' && <code className="mr-1 break-all">{path}</code>}
      {message}
    </p>
    {remedy !== '' && <p className="label">{remedy}</p>}
  </div>
)
