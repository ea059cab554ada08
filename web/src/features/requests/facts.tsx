import type { RequestRecordWire } from '../../../../src/contract/records.ts'
import { sizeText } from '../../lib/size.ts'
import { usePeople } from '../people/use-people.ts'

/** What was asked, by whom, and what the gateway noticed. */
export function Facts({ record }: { record: RequestRecordWire }) {
  const { names } = usePeople()
  const asked: readonly (readonly [string, unknown])[] = [
    ['operation', record.operation],
    ['model', record.model],
    ['route', record.route],
    ['n', record.n],
    ['key', withId(names.keys, record.key_id)],
    ['project', withId(names.projects, record.project_id)],
    ['end customer', record.end_customer],
    ['group', record.group],
    ['HTTP status', record.http_status],
  ]
  return (
    <div className="flex flex-col gap-5 text-[0.93rem]">
      <FactList title="Request" facts={asked.filter(([, value]) => value !== null)} />
      <FactList title="Parameters" facts={Object.entries(record.parameters)} />
      <FactList title="Tags" facts={Object.entries(record.tags)} />
      <FactList title="Prompt features" facts={Object.entries(record.features)} />
      {record.warnings.length > 0 && (
        <section>
          <h3 className="font-semibold">Warnings</h3>
          <ul>
            {record.warnings.map((warning) => (
              <li key={`${warning.code} ${warning.param ?? ''}`} className="border-b border-rule py-1">
                {warning.message} <span className="label font-mono">{warning.code}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  )
}

const textOf = (value: unknown): string => sizeText(value) ?? (typeof value === 'string' ? value : JSON.stringify(value))

/** `Shop (p1)`, or the id alone. */
function withId(names: ReadonlyMap<string, string>, id: string): string {
  const name = names.get(id)
  return name === undefined || name === id || name.endsWith(`(${id})`) ? (name ?? id) : `${name} (${id})`
}

function FactList({ title, facts }: { title: string; facts: readonly (readonly [string, unknown])[] }) {
  if (facts.length === 0) return null
  return (
    <section>
      <h3 className="font-semibold">{title}</h3>
      <dl className="mt-1 grid grid-cols-[minmax(7rem,auto)_minmax(0,1fr)]">
        {facts.map(([name, value]) => (
          <div key={name} className="col-span-2 grid grid-cols-subgrid gap-x-4 border-b border-rule py-1">
            <dt className="text-muted">{name}</dt>
            <dd className="num break-words whitespace-normal">{textOf(value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
