import { HalftoneError } from '../core/error.ts'
import type { ExecuteInput, ExecuteResult } from './execution.ts'

/** At the deadline the client gets its answer; the call runs on, is settled and can be replayed. */
export async function withDeadline<Result extends ExecuteResult | undefined>(
  input: Pick<ExecuteInput, 'options'>,
  running: Promise<Result>,
  requestId: string | undefined,
): Promise<Result> {
  const { deadlineMs } = input.options
  if (deadlineMs === undefined) return running
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const message = `Not done within the deadline of ${deadlineMs} ms; the call was made and is being settled.`
      reject(
        new HalftoneError('provider_timeout', message, {
          ...(requestId !== undefined && { requestId }),
          billed: 'unknown',
          retryable: false,
        }),
      )
    }, deadlineMs)
  })
  // After the deadline nobody reads the pictures any more.
  running.then((result) => (timer ? undefined : result?.dispose())).catch(() => undefined)
  try {
    return await Promise.race([running, expired])
  } finally {
    clearTimeout(timer)
    timer = undefined
  }
}
