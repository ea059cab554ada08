/** Takes a body as it arrives. Exactly one of `end` and `abort` is called last, unless it threw `Enough`. */
export interface BodyConsumer<Result> {
  /** It has no use for a chunk once `write` has returned, be it with a promise. Without this it gets chunks of its own. */
  readonly isDoneAtOnce?: boolean
  /** Await the promise, if one is returned, before the next write. */
  write(chunk: Uint8Array): void | Promise<void>
  end(): Promise<Result>
  abort(): Promise<void>
}

/** Thrown by a consumer, or while choosing one, that needs no more: the connection is dropped and the exchange has this result. */
export class Enough<Result> extends Error {
  readonly result: Result
  constructor(result: Result) {
    super('Enough was read.')
    this.result = result
  }
}
