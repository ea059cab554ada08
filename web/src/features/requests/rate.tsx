import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { RequestSummaryWire } from '../../../../src/contract/records.ts'
import { call } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'

const verdicts = { accept: 'Accept', reject: 'Reject' } as const
type Verdict = keyof typeof verdicts

/** Whether a picture was what was wanted: two buttons, the one that stands pressed. */
export function Rate({ requestId, image }: { requestId: string; image: RequestSummaryWire['images'][number] }) {
  const client = useQueryClient()
  const rate = useMutation({
    mutationFn: (verdict: Verdict) => call('giveFeedback', { body: { image_id: image.id, verdict } }),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: keys.request(requestId) }),
        client.invalidateQueries({ queryKey: keys.overview }),
      ]),
  })
  const standing: Verdict | undefined = image.accepted === 1 ? 'accept' : image.rejected === 1 ? 'reject' : undefined
  return (
    <fieldset className="mt-2 ml-3.5 flex items-center gap-2" disabled={rate.isPending}>
      <legend className="sr-only">Was this what you wanted?</legend>
      {(Object.keys(verdicts) as Verdict[]).map((verdict) => (
        <button
          key={verdict}
          type="button"
          className="button button-quiet text-sm aria-pressed:font-semibold aria-pressed:underline"
          aria-pressed={standing === verdict}
          onClick={() => rate.mutate(verdict)}
        >
          {verdicts[verdict]}
        </button>
      ))}
      {rate.isError && (
        <span role="alert" className="text-sm">
          The rating was not kept.
        </span>
      )}
    </fieldset>
  )
}
