/**
 * The batch lane of the Gemini API: a batch of one request, answered within a day for half the price. Source: discovery document v1beta
 * (2026-08-22), GenerateContentBatch and Operation.
 */
import type { JsonObject } from '../../core/json.ts'
import type { Candidate } from '../../core/offer.ts'
import type { DecodeContext, Decoded, HttpCall, ProviderResponse } from '../define-provider.ts'
import { failure } from '../engine/failures.ts'
import { type Job, jobOf, pendingJob } from '../kit/jobs.ts'
import { asNumber, asObject, asText, objectsOf } from '../kit/read.ts'
import { decodeGenerateContent } from './answer.ts'
import { failureOfGoogle } from './errors.ts'

const FIRST_POLL_MS = 10_000
/** A day is long: it is asked about less and less often. */
const SLOWEST_POLL_MS = 300_000
const SLOWER = 1.5

export const batchCall = (model: string, request: JsonObject): HttpCall => ({
  method: 'POST',
  path: `/models/${model}:batchGenerateContent`,
  body: {
    kind: 'json',
    value: {
      batch: {
        model: `models/${model}`,
        displayName: 'halftone',
        inputConfig: { requests: { requests: [{ request }] } },
      },
    },
  },
  accept: 'json',
  stream: false,
})

/** The answer to the submit and to each poll: an operation that is done some day. */
export function decodeBatch(
  response: ProviderResponse,
  { state, candidate }: Pick<DecodeContext, 'state' | 'candidate'>,
): Decoded {
  if (response.status !== 200 || response.body.kind !== 'json') return { kind: 'failed', failure: failureOfGoogle(response) }
  const operation = asObject(response.body.value) ?? {}
  const job = jobOf(state) ?? newJob(operation)
  if (!job) {
    const message = 'The provider accepted a batch without saying its name.'
    return { kind: 'failed', failure: failure('provider_invalid_response', message, 'unknown') }
  }
  if (operation['done'] !== true) return pendingJob({ ...job, afterMs: Math.min(job.afterMs * SLOWER, SLOWEST_POLL_MS) })
  return decodeOutcome(operation, response, candidate)
}

function newJob(operation: JsonObject): Job | undefined {
  const name = asText(operation['name'])
  // It becomes part of a path.
  if (name === undefined || !/^batches\/[\w-]+$/.test(name)) return undefined
  return { jobId: name, pollUrl: `/${name}`, cancel: { method: 'POST', url: `/${name}:cancel` }, afterMs: FIRST_POLL_MS / SLOWER }
}

/** The one answer of the batch, read as if it had come at once. */
function decodeOutcome(operation: JsonObject, { headers }: ProviderResponse, candidate: Candidate): Decoded {
  const error = asObject(operation['error'])
  if (error) return refused(error, headers)
  const output = asObject(operation['response']) ?? asObject(asObject(operation['metadata'])?.['output'])
  const [answer] = objectsOf(asObject(output?.['inlinedResponses'])?.['inlinedResponses'])
  const failed = asObject(answer?.['error'])
  if (failed) return refused(failed, headers)
  const value = asObject(answer?.['response'])
  if (value) return decodeGenerateContent({ status: 200, headers, body: { kind: 'json', value } }, { candidate })
  const ended = asText(asObject(operation['metadata'])?.['state']) ?? 'no state given'
  return {
    kind: 'failed',
    failure: failure('provider_no_image', `The batch ended without an answer (${ended}).`, 'unknown'),
  }
}

/** google.rpc.Code as the HTTP status it stands for. */
const statuses: Readonly<Record<number, number>> = {
  1: 499,
  3: 400,
  4: 504,
  5: 404,
  7: 403,
  8: 429,
  9: 400,
  11: 400,
  14: 503,
  16: 401,
}

/** `google.rpc.Status`: what would have been an error answer without the batch. */
function refused(status: JsonObject, headers: ProviderResponse['headers']): Decoded {
  const code = asNumber(status['code']) ?? 13
  // Cancelled or expired while it may have been worked on: whether that is billed is not documented.
  if (code === 1 || code === 4) {
    const message = `The batch was ended before its answer: ${asText(status['message']) ?? 'no reason given'}`
    return { kind: 'failed', failure: failure('provider_error', message, 'unknown') }
  }
  return {
    kind: 'failed',
    failure: failureOfGoogle({ status: statuses[code] ?? 500, headers, body: { kind: 'json', value: { error: status } } }),
  }
}
