/** Time, injected. Wall time is for records, monotonic time for durations. */
export interface Clock {
  /** Microseconds since 1970 UTC, an integer below 2 ** 53 until the year 2255. */
  nowUs(): number
  /** Monotonic milliseconds, with fractions. */
  monotonicMs(): number
  /** Resolves after `ms`; rejects with the signal's reason when it aborts, leaving no timer or listener behind. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
