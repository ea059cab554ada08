/** What every provider with jobs is tried for: a crash after the submit, a client that leaves. */
import { HalftoneError } from '../../src/core/error.ts'
import type { JsonValue } from '../../src/core/json.ts'
import type { AttemptResult, Provider } from '../../src/ports/provider.ts'
import { type AttemptSetup, attempt } from '../providers/attempt.ts'

/** The process dies once the job is on record; another one resumes it. */
export async function crashAndResume(
  provider: Provider,
  setup: AttemptSetup,
): Promise<{ cut: AttemptResult; resumed: AttemptResult }> {
  let resume: JsonValue = null
  const crash = new AbortController()
  const onSubmitted = async (job: { readonly resume: JsonValue }): Promise<void> => {
    resume = JSON.parse(JSON.stringify(job.resume)) as JsonValue
    crash.abort()
  }
  const { result: cut } = await attempt(provider, { ...setup, io: { signal: crash.signal, onSubmitted } })
  const { result: resumed } = await attempt(provider, { ...setup, resume })
  return { cut, resumed }
}

/** The client leaves while the job runs. */
export async function leaveAfter(ms: number, provider: Provider, setup: AttemptSetup): Promise<AttemptResult> {
  const gone = new AbortController()
  setTimeout(() => gone.abort(new HalftoneError('cancelled', 'The client left.')), ms)
  return (await attempt(provider, { ...setup, io: { signal: gone.signal } })).result
}
