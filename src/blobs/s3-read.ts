/** Reads an object piece by piece: on from where it broke off, without a connection while its reader rests, and its hash checked. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { HalftoneError } from '../core/error.ts'
import type { BlobPart } from '../ports/blob-store.ts'
import type { S3Connection } from './s3-connection.ts'
import { unreachable } from './s3-faults.ts'

export interface S3Object {
  readonly key: string
  /** Hex: what its bytes have to hash to, where that is known. */
  readonly sha256: string | undefined
  readonly bytes: number
}

/** A reader that takes longer for a piece gives its connection to others; the rest is asked for when it comes back. */
const READER_RESTS_MS = 2_000
/** So often in a row a stream may break off without having brought anything. */
const EMPTY_STREAMS = 3

/** Nothing is asked for before the first piece is: an iterable nobody starts holds nothing. */
export async function* readObject(
  connection: S3Connection,
  object: S3Object,
  part?: BlobPart,
): AsyncGenerator<Uint8Array, void, undefined> {
  const end = part ? Math.min(object.bytes, part.from + part.bytes) : object.bytes
  let at = part?.from ?? 0
  const hash = object.sha256 !== undefined && at === 0 && end === object.bytes ? createHash('sha256') : undefined
  let empty = 0
  while (at < end) {
    const body = await startAt(connection, object.key, at, end)
    const from = at
    const ended: Ending = { rested: false, cause: undefined }
    for await (const chunk of piecesOf(body, connection.limits.tryMs, ended)) {
      at += chunk.byteLength
      hash?.update(chunk)
      yield chunk
    }
    if (at > from || ended.rested) empty = 0
    else if (++empty >= EMPTY_STREAMS) throw unreachable(ended.cause, connection.limits.restMs)
  }
  if (at > end || (hash && hash.digest('hex') !== object.sha256)) {
    throw new HalftoneError('storage_failed', 'A stored image is damaged: its bytes are not those that were stored.')
  }
}

async function startAt({ call, client, sdk, place }: S3Connection, key: string, at: number, end: number): Promise<Readable> {
  const { Body } = await call((abortSignal) =>
    client.send(new sdk.GetObjectCommand({ Bucket: place.bucket, Key: key, Range: `bytes=${at}-${end - 1}` }), { abortSignal }),
  )
  if (!(Body instanceof Readable)) throw new HalftoneError('storage_failed', 'The store of images sent no body.')
  return Body
}

interface Ending {
  /** It was let go because the reader rested. */
  rested: boolean
  cause: unknown
}

/** Until the body ends, breaks off, stalls, or its reader rests. */
async function* piecesOf(body: Readable, stallMs: number, ended: Ending): AsyncGenerator<Uint8Array, void, undefined> {
  const pieces = body[Symbol.asyncIterator]()
  const after = (ms: number, what: () => void): NodeJS.Timeout =>
    setTimeout(() => {
      what()
      body.destroy()
    }, ms)
  try {
    for (;;) {
      const stalled = after(stallMs, () => {
        ended.cause = new Error('The store of images stopped sending.')
      })
      const next = await pieces.next().finally(() => clearTimeout(stalled))
      if (next.done) return
      const resting = after(READER_RESTS_MS, () => {
        ended.rested = true
      })
      try {
        yield next.value
      } finally {
        clearTimeout(resting)
      }
      if (ended.rested) return
    }
  } catch (error) {
    ended.cause ??= error
  } finally {
    // A body that is not read to its end would keep its connection.
    body.destroy()
  }
}
