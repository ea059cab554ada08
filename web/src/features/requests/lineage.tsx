import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { RequestRecordWire } from '../../../../src/contract/records.ts'
import { lineageQuery, requestsQuery } from '../../api/queries.ts'
import { counted } from '../../lib/numbers.ts'
import { sameOrigin } from '../../lib/url.ts'
import { ErrorNotice, Loading } from '../../ui/notice.tsx'
import { promptText } from './select-requests.ts'

/** Where its inputs came from, who went on with what it made, its group, and answers given again. */
export function Lineage({ record }: { record: RequestRecordWire }) {
  const { data, error, refetch } = useQuery(lineageQuery(record.id))
  if (error) return <ErrorNotice error={error} title="The lineage could not be read" retry={() => void refetch()} />
  if (!data) return <Loading label="Loading the lineage" />
  return (
    <div className="flex flex-col gap-5 text-[0.93rem]">
      <Part title="Made from">
        {data.inputs.length === 0 && <p className="text-muted">A prompt alone: no picture was sent with it.</p>}
        <ul>
          {data.inputs.map((input) => (
            <li key={input.image_id} className="flex items-center gap-3 border-b border-rule py-1.5">
              {input.thumbnail_url ? (
                <img src={sameOrigin(input.thumbnail_url)} alt="" className="size-12 bg-well object-cover" />
              ) : (
                <span className="screen size-12" aria-hidden="true" />
              )}
              <span className="min-w-0">
                {input.role}
                <span className="label block">
                  {input.made_by ? (
                    <RequestLink id={input.made_by.request_id} text="Made by this earlier request" />
                  ) : (
                    'From outside'
                  )}
                </span>
              </span>
            </li>
          ))}
        </ul>
      </Part>
      <Part title="Went on to be">
        {data.used_by.length === 0 && <p className="text-muted">No later request was given one of its pictures.</p>}
        <ul>
          {data.used_by.map((user) => (
            <li key={`${user.request_id} ${user.image_id}`} className="border-b border-rule py-1.5">
              {user.operation.replaceAll('_', ' ')}: <RequestLink id={user.request_id} text={user.request_id} />
            </li>
          ))}
        </ul>
      </Part>
      {record.group !== null && <Group record={record} group={record.group} />}
      <Part title="Replays">
        <p className={data.replays === 0 ? 'text-muted' : ''}>
          {data.replays === 0
            ? 'Its answer was given once.'
            : `${counted(data.replays, 'repeated call')} got this answer again instead of a second picture.`}
        </p>
      </Part>
    </div>
  )
}

/** Members named here; the list has all. */
const SHOWN_MEMBERS = 8

function Group({ record, group }: { record: RequestRecordWire; group: string }) {
  const { data } = useInfiniteQuery(requestsQuery({ group, project_id: record.project_id }))
  const members = data?.pages[0]?.data ?? []
  return (
    <Part title={`Group ${group}`}>
      <ul>
        {members.slice(0, SHOWN_MEMBERS).map((member) => (
          <li key={member.id} className="border-b border-rule py-1.5">
            {member.id === record.id ? (
              <span className="text-muted">This request</span>
            ) : (
              <RequestLink id={member.id} text={promptText(member)} />
            )}
          </li>
        ))}
      </ul>
      <Link to="/requests" search={{ group }} className="mt-1 inline-block text-sm">
        Every request of the group
      </Link>
    </Part>
  )
}

const Part = ({ title, children }: { title: string; children: ReactNode }) => (
  <section>
    <h3 className="font-semibold">{title}</h3>
    {children}
  </section>
)

const RequestLink = ({ id, text }: { id: string; text: string }) => (
  <Link to="/requests/$requestId" params={{ requestId: id }} search={{}} className="break-words">
    {text}
  </Link>
)
