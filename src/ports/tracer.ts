/** Where the time of a request goes, for a tracing backend. Absent while telemetry is off, so that it costs nothing then. */

export type TraceAttributes = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

export interface Tracer {
  /**
   * Run `work` as a part of what runs now. The part ends when it settles; a `HalftoneError` is recorded by its code, any other
   * by its class, neither by its text.
   */
  part<T>(name: string, options: PartOptions, work: (part: TracePart) => Promise<T>): Promise<T>
  /** Headers that let the receiver of a call continue the trace; none unless the operator wants that. */
  headers(): Readonly<Record<string, string>>
}

export interface PartOptions {
  /** `client`: a call to somebody else. */
  readonly kind?: 'client'
  readonly attributes?: TraceAttributes
}

export interface TracePart {
  set(attributes: TraceAttributes): void
  /** It ended badly without throwing. */
  fail(code: string): void
}

/** A request that came in. */
export interface IncomingRequest {
  readonly method: string
  /** Path with names of parameters, never their values. */
  readonly route: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

export interface RequestSpan {
  /** Everything within is a part of the request. */
  run<T>(work: () => T): T
  /** The code of the error that is answered. */
  fail(code: string): void
  end(status: number): void
}
