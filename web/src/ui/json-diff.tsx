import type { JsonChange } from '../lib/json-diff.ts'

const words = { added: 'added', removed: 'removed', changed: 'changed' } as const
const signs = { added: '+', removed: '\u2212', changed: '\u2192' } as const

/** What changed, member by member: what was there struck out, what came after. Text only, whatever stands in it. */
export function JsonDiff({ changes, same = 'Nothing differs.' }: { changes: readonly JsonChange[]; same?: string }) {
  if (changes.length === 0) return <p className="text-muted">{same}</p>
  return (
    <dl className="json-diff">
      {changes.map(({ path, kind, before, after }) => (
        <div key={path} data-change={kind}>
          <dt className="font-mono text-[0.82rem] break-all">
            <span aria-hidden="true" className="mr-2 text-muted">
              {signs[kind]}
            </span>
            {path}
            <span className="sr-only"> {words[kind]}</span>
          </dt>
          <dd className="font-mono text-[0.82rem]">
            {before !== '' && <del>{before}</del>}
            {after !== '' && <ins>{after}</ins>}
          </dd>
        </div>
      ))}
    </dl>
  )
}
