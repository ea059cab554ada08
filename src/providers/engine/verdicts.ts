/** What an answer comes to when it is not simply pictures: what is left out, what was billed without one, what no codec can read. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Warning } from '../../core/offer.ts'
import type { AttemptFailure } from '../../core/outcome.ts'
import { wholeUnits } from '../../core/usage.ts'
import type { Evidence } from '../../ports/provider.ts'
import type { Done, ProviderResponse } from '../define-provider.ts'
import { evidenceOf } from './evidence.ts'
import { failure } from './failures.ts'

export const imagesLeftOut = (made: number, wanted: number): Warning => ({
  code: 'images_left_out',
  message: `The provider made ${made} images where ${wanted} ${wanted === 1 ? 'was' : 'were'} asked for; the first ones are returned.`,
})

export const promptRevised: Warning = { code: 'prompt_revised', param: 'prompt', message: 'The provider rewrote the prompt.' }

/** Partial images were certainly made, whatever came of the rest. */
export function withPartials(failed: AttemptFailure, partials: number): AttemptFailure {
  return partials === 0 ? failed : { ...failed, usage: { ...failed.usage, 'images.partial': wholeUnits(partials) } }
}

/** A bill without a picture: what the provider reported counts as billed, silence as unknown. */
export function withoutImages(done: Done, failures: readonly AttemptFailure[]): AttemptFailure {
  const first = failures[0] ?? failure('provider_no_image', 'The provider answered without an image.', 'unknown')
  const { usage, reportedCost } = done
  const isBilled = usage !== undefined || Number(reportedCost?.amount ?? 0) > 0 || first.billed === 'yes'
  return {
    ...first,
    billed: isBilled ? 'yes' : first.billed,
    ...(usage ? { usage } : {}),
    ...(reportedCost ? { reportedCost } : {}),
  }
}

/** The last words of a stream, kept as an answer's would be. */
export function evidenceBodyOf(value: JsonObject | readonly JsonValue[]): Pick<Evidence, 'body'> {
  const { body } = evidenceOf({ status: 200, headers: {}, body: { kind: 'json', value: value as JsonValue } })
  return body ? { body } : {}
}

/** Answers no codec needs to look at: redirects, and successes without anything in them. */
export function unusableAnswer({ status, headers, body }: ProviderResponse): AttemptFailure | undefined {
  if (status >= 300 && status < 400) {
    const target = URL.parse(headers['location'] ?? '')?.host
    const message = `The provider redirects${target ? ` to ${target}` : ''}; redirects are not followed. Check baseUrl.`
    return failure('provider_invalid_response', message, status === 307 || status === 308 ? 'no' : 'unknown', {
      retryable: false,
    })
  }
  if (status < 200 || status >= 300) return undefined
  if (body.kind === 'empty') return failure('provider_no_image', `The provider answered ${status} with an empty body.`, 'unknown')
  if (body.kind !== 'text') return undefined
  const what = body.isHtml ? 'an HTML page' : 'text'
  return failure('provider_invalid_response', `The provider answered with ${what} instead of an image.`, 'unknown')
}
