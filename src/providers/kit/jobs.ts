/** Jobs that are polled at one URL: what has to be remembered between the polls, also across a crash. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { HttpCall, Pending } from '../define-provider.ts'
import { asObject, asText } from './read.ts'

export interface Job {
  readonly jobId: string
  /** Where to ask; a path, or the URL that the answer named. */
  readonly pollUrl: string
  /** What the result comes as; JSON when absent. */
  readonly accept?: HttpCall['accept']
  /** Where to end it, and how. */
  readonly cancel?: { readonly method: HttpCall['method']; readonly url: string }
  readonly afterMs: number
  /** What only the first answer said, such as the cost. */
  readonly notes?: JsonObject
}

/** A GET that nobody bills. */
export const lookUp = (path: string, accept: HttpCall['accept'] = 'json'): HttpCall => ({
  method: 'GET',
  path,
  body: { kind: 'none' },
  accept,
  stream: false,
  spends: false,
})

/** The job goes on (or begins): ask again. */
export const pendingJob = (job: Job): Pending => ({
  kind: 'pending',
  jobId: job.jobId,
  poll: lookUp(job.pollUrl, job.accept),
  afterMs: job.afterMs,
  ...(job.cancel ? { cancel: { ...lookUp(job.cancel.url), method: job.cancel.method } } : {}),
  state: { job: job as unknown as JsonObject },
})

/** The job whose poll is answered; undefined when the answer is that to the call which submitted it. Written by `pendingJob`. */
export function jobOf(state: JsonValue | undefined): Job | undefined {
  const job = asObject(asObject(state)?.['job'])
  return asText(job?.['jobId']) === undefined ? undefined : (job as unknown as Job)
}
