/** `POST /v1/halftone/quote`: this exact request on every candidate, cheapest first, without running it. */
import type { QuoteRequest } from '../../contract/quote.ts'
import { reachOf } from '../../core/access/roles.ts'
import type { ImageInput, Size } from '../../core/request.ts'
import { callerOf } from '../authenticate.ts'
import { callerIdentity, type Handler } from '../handler.ts'
import { checkWire, normalizeRequest } from '../image-request.ts'
import { answerQuote } from '../quote-answer.ts'
import { ASSUMED_SIZE, placeholder } from '../take-request.ts'

export const quote: Handler = async (call) => {
  const { context, request } = call
  const { operation = 'generate', inputs = [], mask = false, explain = false, job, ...parameters } = call.body as QuoteRequest
  const { request: normalized, options } = normalizeRequest({
    operation,
    wire: checkWire(operation, parameters),
    inputs: placeholders(inputs, { mask, control: Boolean(parameters.control_image) }),
    headers: request.headers,
  })
  const identity = callerIdentity(call)
  return answerQuote(context, {
    input: { request: normalized, options, caller: callerOf(identity) },
    isAdmin: reachOf(identity.key.role) === 'all',
    isNamed: Boolean(parameters.model),
    explain,
    job: job && { count: job.count, ...(job.deadline_ms !== undefined && { deadlineMs: job.deadline_ms }) },
  })
}

/** Images that are not there; only their sizes count. Mask and control are as large as the first image. */
function placeholders(
  sizes: readonly Size[],
  { mask, control }: { readonly mask: boolean; readonly control: boolean },
): readonly ImageInput[] {
  const first = sizes[0] ?? ASSUMED_SIZE
  return [
    ...sizes.map((size) => placeholder('image', size)),
    ...(mask ? [placeholder('mask', first)] : []),
    ...(control ? [placeholder('control', first)] : []),
  ]
}
