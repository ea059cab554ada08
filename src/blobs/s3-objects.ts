/** The few things done with single objects of a bucket. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { HalftoneError } from '../core/error.ts'
import type { SpooledBody } from '../ports/blob-store.ts'
import { type S3CallOptions, type S3Connection, signBodyHash } from './s3-connection.ts'
import { statusOf } from './s3-faults.ts'

const SHA256 = /^[0-9a-f]{64}$/

/** As files lie in the data folder, so that a folder can be copied into a bucket as it is. */
export function keysOf(prefix: string, sha256: string) {
  // The id comes from requests too; anything but a hash would be another object.
  if (!SHA256.test(sha256)) throw new HalftoneError('not_found', 'A blob id is 64 hexadecimal digits.')
  const folder = sha256.slice(0, 2)
  return {
    blob: `${prefix}blobs/${folder}/${sha256}`,
    thumbnail: `${prefix}thumbnails/${folder}/${sha256}.webp`,
    /** Stands while the blob is being deleted. */
    deleting: `${prefix}deleting/${folder}/${sha256}`,
  }
}

export interface FoundObject {
  readonly bytes: number
  /** Since it was stored last. */
  readonly ageMs: number
}

export interface S3Objects {
  find(key: string): Promise<FoundObject | undefined>
  /** False: there is one by that name, and it is left as it is. Where the store knows no such condition it is replaced. */
  create(key: string, body: Sendable): Promise<boolean>
  replace(key: string, body: Sendable): Promise<void>
  /** One that is not there is fine. */
  remove(key: string, options?: S3CallOptions): Promise<void>
}

/** Bytes that can be sent more than once. */
export type Sendable = Pick<SpooledBody, 'bytes' | 'sha256' | 'open'>

export function sendable(bytes: Uint8Array): Sendable {
  return {
    bytes: bytes.byteLength,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    async *open() {
      yield bytes
    },
  }
}

export function createS3Objects(connection: S3Connection, nowMs: () => number): S3Objects {
  const { client, sdk, place } = connection
  const at = (Key: string) => ({ Bucket: place.bucket, Key })
  let knowsConditions = true

  const put = (key: string, body: Sendable, ifAbsent: boolean): Promise<boolean> =>
    connection.call(
      async (abortSignal) => {
        const source = streamOf(body)
        const command = new sdk.PutObjectCommand({
          ...at(key),
          Body: source.stream,
          ContentLength: body.bytes,
          ContentType: 'application/octet-stream',
          ...(ifAbsent && { IfNoneMatch: '*' }),
        })
        signBodyHash(command, body.sha256)
        try {
          await client.send(command, { abortSignal })
          return true
        } catch (error) {
          if (statusOf(error) === 412) return false
          throw source.failure() ?? error
        } finally {
          source.stream.destroy()
        }
      },
      { bytes: body.bytes },
    )

  return {
    find: (key) =>
      connection.call(async (abortSignal) => {
        try {
          const { ContentLength = 0, LastModified } = await client.send(new sdk.HeadObjectCommand(at(key)), { abortSignal })
          return { bytes: ContentLength, ageMs: LastModified ? nowMs() - LastModified.getTime() : 0 }
        } catch (error) {
          if (statusOf(error) === 404) return undefined
          throw error
        }
      }),
    async create(key, body) {
      try {
        return await put(key, body, knowsConditions)
      } catch (error) {
        const isUnknown = error instanceof HalftoneError && statusOf(error.cause) === 501
        if (!isUnknown || !knowsConditions) throw error
        knowsConditions = false
        return put(key, body, false)
      }
    },
    replace: async (key, body) => void (await put(key, body, false)),
    remove: (key, options) =>
      connection.call(async (abortSignal) => {
        await client.send(new sdk.DeleteObjectCommand(at(key)), { abortSignal })
      }, options),
  }
}

/** One reading of a body. A body whose memory is used again is copied chunk by chunk, for a socket keeps what it is given. */
function streamOf(body: Sendable): { readonly stream: Readable; failure(): unknown } {
  let failed: unknown
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of body.open()) yield Buffer.from(chunk)
    } catch (error) {
      // Of this machine's own: another try would find it again.
      failed =
        error instanceof HalftoneError
          ? error
          : new HalftoneError('storage_failed', 'What was to be stored could not be read.', { cause: error })
      throw failed
    }
  }
  return { stream: Readable.from(chunks(), { highWaterMark: 1 }), failure: () => failed }
}
