/** What the provider double can be told, and what it remembers. */

export interface DoubleScript {
  /** Wait before answering; the image counts as billed after it. */
  readonly delayMs?: number
  /** A caller that leaves during the delay gets no image and no bill, as at a server that stops working then. */
  readonly isFreeWhenLeft?: boolean
  /** Answer with this instead of 200; nothing is billed. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of the usual body: text is sent as it is, anything else as JSON. */
  readonly body?: unknown
  readonly contentType?: string
  /** Bytes of each image, at least 1,024; default: a small picture of the size asked for. */
  readonly imageBytes?: number
  /** `null`: the answer carries no usage. */
  readonly usage?: Readonly<Record<string, unknown>> | null
  /** Answer with links to `/double/files/...` instead of bytes. */
  readonly asUrls?: boolean
  /** Bill and picture as usual, then fail on the wire in this way. */
  readonly fault?: DoubleFault
  /** Part of the answer that is sent before `reset_mid_body`, `stall` and `truncate`; 0.5 by default. */
  readonly faultAt?: number
  /** Images fewer than asked for. */
  readonly missing?: number
  /** Use this script for so many calls, then the default again; default: for ever. */
  readonly times?: number
}

export type DoubleFault =
  /** Never answer. Billed: the image is made. */
  | 'hang'
  /** Close the connection without reading the request. Not billed. */
  | 'reset_before'
  /** Read the request, bill it, and close the connection without an answer. */
  | 'reset_after'
  | 'reset_mid_body'
  /** End the chunked answer properly in the middle of the JSON. */
  | 'truncate'
  /** Stop sending in the middle and keep the connection. */
  | 'stall'
  /** One byte every 50 ms. */
  | 'trickle'
  | 'endless_body'
  | 'gzip'
  | 'gzip_bomb'
  | 'html_200'
  | 'empty_204'
  | 'not_an_image'
  | 'empty_data'
  /** Send all events of a stream, and never end it. */
  | 'never_end'

export interface BilledCall {
  /** Our answer's `x-request-id`. */
  readonly id: string
  /** What the caller sent as `x-request-id` or `x-client-request-id`, to match its own records. */
  readonly clientId?: string
  readonly operation: 'generations' | 'edits'
  readonly images: number
  readonly prompt: string
  /** The caller was still there when the answer was complete. */
  delivered: boolean
}

export interface SeenCall {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** JSON members or form fields. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly files: readonly {
    readonly field: string
    readonly filename: string
    readonly mediaType: string
    readonly bytes: number
  }[]
}
