/** Bodies that come compressed: each encoding is undone on the way to the consumer, within the limit of bytes. */
import type { IncomingHttpHeaders } from 'node:http'
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import type { BodyConsumer } from './body-consumer.ts'
import { ExchangeError, tooLarge } from './exchange-error.ts'

/** Undo the content encodings, if any; the limit counts again behind each, so a small bomb stays small. Throws `encoding` where one is unknown. */
export function decoded<Result>(
  headers: IncomingHttpHeaders,
  maxBytes: number,
  consumer: BodyConsumer<Result>,
): BodyConsumer<Result> {
  const encodings = String(headers['content-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity')
  if (encodings.length > 3) throw new ExchangeError('encoding', 'receiving', 'The answer has too many content encodings.')
  return encodings.reduce((inner, encoding) => new Decompressor(createDecoder(encoding), maxBytes, inner), consumer)
}

const CHUNK_BYTES = 64 * 1024

function createDecoder(encoding: string) {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip({ chunkSize: CHUNK_BYTES })
    case 'deflate':
      return createInflate({ chunkSize: CHUNK_BYTES })
    case 'br':
      return createBrotliDecompress({ chunkSize: CHUNK_BYTES, params: { [constants.BROTLI_DECODER_PARAM_LARGE_WINDOW]: 0 } })
    case 'zstd':
      return createZstdDecompress({ chunkSize: CHUNK_BYTES })
    default:
      throw new ExchangeError('encoding', 'receiving', `The answer has the unknown content encoding "${encoding.slice(0, 40)}".`)
  }
}

class Decompressor<Result> implements BodyConsumer<Result> {
  readonly #decoder: ReturnType<typeof createDecoder>
  readonly #inner: BodyConsumer<Result>
  readonly #pump: Promise<void>
  #failure: unknown

  constructor(decoder: ReturnType<typeof createDecoder>, maxBytes: number, inner: BodyConsumer<Result>) {
    this.#decoder = decoder
    this.#inner = inner
    this.#pump = this.#run(maxBytes)
    this.#pump.catch((error: unknown) => {
      this.#failure = error
      decoder.destroy()
    })
  }

  async #run(maxBytes: number): Promise<void> {
    let bytes = 0
    try {
      for await (const chunk of this.#decoder) {
        bytes += (chunk as Buffer).length
        if (bytes > maxBytes) throw tooLarge(maxBytes)
        await this.#inner.write(chunk as Buffer)
      }
    } catch (error) {
      const code = String((error as { code?: unknown }).code ?? '')
      if (!/^(Z_|ERR_(BROTLI_|ZSTD_|_)|ZSTD_)/.test(code)) throw error
      throw new ExchangeError('encoding', 'receiving', 'The answer does not decompress.', error)
    }
  }

  /** Waits until the decoder takes more, or until it fails. */
  write(chunk: Uint8Array): void | Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure)
    if (this.#decoder.write(chunk)) return undefined
    const drained = new Promise<void>((resolve) => this.#decoder.once('drain', resolve).once('close', resolve))
    return Promise.race([drained, this.#pump])
  }

  async end(): Promise<Result> {
    this.#decoder.end()
    await this.#pump
    return this.#inner.end()
  }

  async abort(): Promise<void> {
    this.#decoder.destroy()
    await this.#pump.catch(() => undefined)
    await this.#inner.abort()
  }
}
