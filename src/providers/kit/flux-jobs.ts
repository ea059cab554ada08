/** How a job of Black Forest Labs' models ended, as its API and resellers of it tell in the same words. */
import type { JsonObject } from '../../core/json.ts'
import type { AttemptFailure } from '../../core/outcome.ts'
import type { Decoded, Done, Pending, ProviderResponse } from '../define-provider.ts'
import { failure } from '../engine/failures.ts'
import { failureOfStatus } from './errors.ts'
import { asList, asNumber, asObject, asText } from './read.ts'

export interface FluxJobRules {
  /** To ask again. */
  readonly pending: Pending
  /** What a picture costs; the answer with it does not say. */
  readonly bill: Pick<Done, 'usage' | 'reportedCost'>
}

export function decodeFluxResult(response: ProviderResponse, { pending, bill }: FluxJobRules): Decoded {
  const answer = response.body.kind === 'json' ? (asObject(response.body.value) ?? {}) : {}
  const status = asText(answer['status'])
  switch (status) {
    case 'Pending': {
      const progress = asNumber(answer['progress'])
      return progress === undefined ? pending : { ...pending, progress }
    }
    case 'Ready':
      return { ...picture(asObject(answer['result'])), ...bill }
    case 'Request Moderated':
    case 'Content Moderated':
      return { kind: 'failed', failure: refusal(status, answer) }
    case 'Task not found': {
      const message = 'The provider no longer knows the job; results are kept for a few minutes only.'
      return { kind: 'failed', failure: failure('provider_error', message, 'unknown', { retryable: false }) }
    }
    case undefined:
      return { kind: 'failed', failure: failureOfStatus(response) }
    default: {
      const message = `The job ended as "${status}"${detailOf(answer)}.`
      return { kind: 'failed', failure: failure('provider_error', message, 'unknown') }
    }
  }
}

function picture(result: JsonObject | undefined): Done {
  const url = asText(result?.['sample'])
  const seed = asNumber(result?.['seed'])
  return { kind: 'done', images: url === undefined ? [] : [{ source: { url }, ...(seed === undefined ? {} : { seed }) }] }
}

function refusal(status: 'Request Moderated' | 'Content Moderated', answer: JsonObject): AttemptFailure {
  const stage = status === 'Request Moderated' ? 'before' : 'after'
  const message = `The provider refused ${stage === 'before' ? 'the request' : 'to hand out the picture'}${detailOf(answer)}.`
  return failure('content_refused', message, 'unknown', { stage })
}

/** `details: {"Moderation Reasons": ["Content Moderated"]}` and the like. */
function detailOf(answer: JsonObject): string {
  const details = Object.values(asObject(answer['details']) ?? {}).flatMap(
    (value) => asList(value) ?? (value === undefined ? [] : [value]),
  )
  const texts = details.filter((value) => typeof value === 'string')
  return texts.length > 0 ? `: ${texts.join(', ').slice(0, 300)}` : ''
}
