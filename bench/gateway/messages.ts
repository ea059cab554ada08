/** What the bench and its child processes say to each other. */

/** How the upstream double answers from now on. */
export interface AnswerPlan {
  /** Length of the whole JSON body. */
  readonly bytes: number
  /** Hold answers until this many requests have arrived, and then for this long. */
  readonly gate?: { readonly count: number; readonly holdMs: number }
}

export type UpstreamReport =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'planned' }
  /** The gate's last request has arrived: answers go out after its hold. */
  | { readonly kind: 'gathered' }

export interface LoadPlan {
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly count: number
  /** Connections, each with one request at a time. */
  readonly concurrency: number
  readonly body: { readonly kind: 'json'; readonly text: string } | { readonly kind: 'edit'; readonly imageBytes: number }
  /** The least that a complete answer has. */
  readonly answerBytes: number
}

export interface LoadResult {
  readonly elapsedMs: number
  /** By request, in order of completion. */
  readonly latenciesMs: readonly number[]
  /** Start lines of answers that were not a 200 of the full length, and broken connections. */
  readonly failures: readonly string[]
}
