import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { RequestSummaryWire } from '../../../../src/contract/records.ts'
import { call } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'

const verdicts = { accept: 'Accept', reject: 'Reject' } as const
/** Between reject and accept. */
const scores: readonly number[] = [0.25, 0.5, 0.75]
type Verdict = keyof typeof verdicts

/** Whether a picture was what was wanted: two buttons, the one that stands pressed, or a score between them. */
export function Rate({ requestId, image }: { requestId: string; image: RequestSummaryWire['images'][number] }) {
  const client = useQueryClient()
  const rate = useMutation({
    mutationFn: (word: { readonly verdict: Verdict } | { readonly score: number }) =>
      call('giveFeedback', { body: { image_id: image.id, ...word } }),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: keys.request(requestId) }),
        client.invalidateQueries({ queryKey: keys.overview }),
      ]),
  })
  const scored = image.accepted > 0 && image.accepted < 1 && image.accepted + image.rejected > 0.999
  const standing: Verdict | undefined = image.accepted === 1 ? 'accept' : image.rejected === 1 ? 'reject' : undefined
  return (
    <fieldset className="mt-2 ml-3.5 flex flex-wrap items-center gap-x-2" disabled={rate.isPending}>
      <legend className="sr-only">Was this what you wanted?</legend>
      {(Object.keys(verdicts) as Verdict[]).map((verdict) => (
        <button
          key={verdict}
          type="button"
          className="button button-quiet text-sm aria-pressed:font-semibold aria-pressed:underline"
          aria-pressed={standing === verdict}
          onClick={() => rate.mutate({ verdict })}
        >
          {verdicts[verdict]}
        </button>
      ))}
      <label className="label flex items-center gap-1.5">
        Score
        <select
          className="field min-h-8 w-auto py-0 text-sm"
          value={scored ? String(image.accepted) : ''}
          onChange={(event) => event.target.value !== '' && rate.mutate({ score: Number(event.target.value) })}
        >
          <option value="">none</option>
          {scored && !scores.includes(image.accepted) && <option value={image.accepted}>{image.accepted}</option>}
          {scores.map((score) => (
            <option key={score} value={score}>
              {score}
            </option>
          ))}
        </select>
      </label>
      {rate.isError && (
        <span role="alert" className="text-sm">
          The rating was not kept.
        </span>
      )}
    </fieldset>
  )
}
