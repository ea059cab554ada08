/** Bytes that become images: a spool while they arrive, a content-addressed store when they stay. */

/** Bytes received in full: in memory within the transfer budget, else in a temporary file. */
export interface SpooledBody {
  readonly bytes: number
  /** Hex SHA-256. */
  readonly sha256: string
  /** The first bytes, at most 64 KiB: enough to tell media type and dimensions. To be looked at at once: what is next to be read may take their place. */
  readonly head: Uint8Array
  /** Read it, as often as needed, until it is disposed or kept. */
  open(): AsyncIterable<Uint8Array>
  /** Give memory back to the budget and delete the temporary file, if it was not kept. Idempotent. */
  dispose(): Promise<void>
}

export interface SpoolWriter {
  /** `write` takes a copy before it returns: the caller may use its buffer again at once. */
  readonly copies: boolean
  /** Never waits for memory: past the budget it goes to disk. Await the promise, if one is returned, before the next write. */
  write(chunk: Uint8Array): void | Promise<void>
  end(): Promise<SpooledBody>
  /** Drop what was written. */
  abort(): Promise<void>
}

export interface Spool {
  /** `maxBytes`: writing more rejects with `provider_response_too_large` or the code given. */
  create(options: {
    readonly maxBytes: number
    readonly tooLargeCode?: 'provider_response_too_large' | 'image_too_large' | 'body_too_large'
    /**
     * Memory is used again as soon as a reader asks for the next chunk or the body is disposed, which spares the garbage
     * collector megabytes for each image. Only for bodies of which no reader keeps a chunk, as a socket with a queue does.
     */
    readonly recycle?: boolean
  }): SpoolWriter
  /** Bytes held in memory now, for metrics. */
  readonly bytesInMemory: number
  close(): Promise<void>
}

/** Bytes from `from` on. */
export interface BlobPart {
  readonly from: number
  readonly bytes: number
}

/** Content-addressed: the id of a blob is the hex SHA-256 of its bytes. Reference counts are the ledger's. */
export interface BlobStore {
  /** Keep a spooled body; a temporary file is moved, not copied. Idempotent. The body stays readable. */
  put(body: SpooledBody): Promise<void>
  /** Undefined when it is not stored. `bytes` is its whole length; with `part` the stream is that much of it, as far as there is. */
  open(
    sha256: string,
    part?: BlobPart,
  ): Promise<{ readonly bytes: number; readonly stream: AsyncIterable<Uint8Array> } | undefined>
  /** False: somebody is storing these bytes again; ask again later. What is not there is deleted. */
  delete(sha256: string): Promise<boolean>
  /** Free bytes where blobs are written, or undefined where that has no meaning. */
  freeBytes(): Promise<number | undefined>
  close(): Promise<void>
}
