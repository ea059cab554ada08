/** The inside of one base64 JSON string, decoded from byte chunks into a spooled body. */
import type { SpooledBody, SpoolWriter } from '../ports/blob-store.ts'
import { decodeGroups, sextetOf } from './base64.ts'
import { vectorPlace } from './base64-simd.ts'
import { ScanError } from './scan-error.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const PADDING = 0x3d

let shared: Uint8Array = new Uint8Array(0)

export interface BodySink {
  readonly declaredType: string | undefined
  /** The closing quote was taken. */
  readonly finished: boolean
  /** Decode the start of the string, which was held back until it showed what it is. */
  begin(held: Uint8Array): void
  /** Decode from `from` to the closing quote or the end of the chunk; returns where it stopped. `flush` comes before anything else can run. */
  take(chunk: Uint8Array, from: number): number
  /** Hand what was decoded to the spool; await the promise, if one is returned. */
  flush(): void | Promise<void>
  end(): Promise<SpooledBody>
  abort(): Promise<void>
}

export const createBodySink = (writer: SpoolWriter, declaredType: string | undefined): BodySink => new Sink(writer, declaredType)

const malformed = (what: string): ScanError => new ScanError('malformed_base64', `An image is not valid base64: ${what}.`)

class Sink implements BodySink {
  readonly declaredType: string | undefined
  finished = false
  readonly #writer: SpoolWriter
  /** Up to three characters of an unfinished group. */
  #bits = 0
  #count = 0
  #padding = 0
  /** 0 outside an escape, 1 after the backslash, 2 to 5 before each hex digit of `\uXXXX`. */
  #escape = 0
  #code = 0
  /** Decoded and not flushed; the spool keeps the buffers, so each is used once. */
  #out: Uint8Array[] = []

  constructor(writer: SpoolWriter, declaredType: string | undefined) {
    this.#writer = writer
    this.declaredType = declaredType
  }

  begin(held: Uint8Array): void {
    this.#decode(held, 0, Buffer.allocUnsafe(mostBytes(held.length)))
  }

  take(chunk: Uint8Array, from: number): number {
    return this.#decode(chunk, from, this.#target(mostBytes(chunk.length - from)))
  }

  #decode(chunk: Uint8Array, from: number, target: Uint8Array): number {
    let out = 0
    let at = from
    while (at < chunk.length && !this.finished) {
      if (this.#count === 0 && this.#escape === 0 && this.#padding === 0) {
        const taken = decodeGroups(chunk, at, chunk.length, target.subarray(out))
        out += (taken / 4) * 3
        at += taken
        if (at >= chunk.length) break
      }
      if (this.#takeByte(chunk[at++] as number)) {
        target[out++] = this.#bits >> 16
        target[out++] = this.#bits >> 8
        target[out++] = this.#bits
        this.#bits = 0
        this.#count = 0
      }
    }
    if (this.finished) out += this.#takeRest(target, out)
    if (out > 0) this.#out.push(target.subarray(0, out))
    return at
  }

  /**
   * Where to decode to. A spool that copies gets everything through one buffer, unless the start of the string still waits for its
   * `flush`.
   */
  #target(bytes: number): Uint8Array {
    if (!this.#writer.copies || this.#out.length > 0) return Buffer.allocUnsafe(bytes)
    const place = vectorPlace('decoded')
    if (place && bytes <= place.length) return place
    if (shared.length < bytes) shared = Buffer.allocUnsafeSlow(bytes)
    return shared
  }

  /** One character by the slow path; true when it completes a group of four. */
  #takeByte(byte: number): boolean {
    if (this.#escape > 0) return this.#takeEscape(byte)
    if (byte === QUOTE) {
      this.finished = true
      return false
    }
    if (byte === BACKSLASH) {
      this.#escape = 1
      return false
    }
    return this.#takeCharacter(byte)
  }

  #takeCharacter(byte: number): boolean {
    if (byte === PADDING) {
      this.#padding++
      if (this.#count < 2 || this.#count + this.#padding > 4) throw malformed('padding in the wrong place')
      return false
    }
    const value = sextetOf(byte)
    if (value < 0) throw malformed('a character outside the alphabet')
    if (this.#padding > 0) throw malformed('data after the padding')
    this.#bits |= value << (18 - 6 * this.#count)
    return ++this.#count === 4
  }

  /** `\/`, line breaks and `\uXXXX`: what JSON serialisers write for base64. */
  #takeEscape(byte: number): boolean {
    if (this.#escape === 1) {
      if (byte === 0x75) {
        this.#escape = 2
        this.#code = 0
        return false
      }
      this.#escape = 0
      if (byte === 0x2f) return this.#takeCharacter(byte)
      if (byte === 0x6e || byte === 0x72) return false
      throw malformed('an escaped character outside the alphabet')
    }
    const digit = hexDigit(byte)
    if (digit < 0) throw new ScanError('invalid_json', 'A \\u escape is not followed by four hex digits.')
    this.#code = this.#code * 16 + digit
    if (++this.#escape < 6) return false
    this.#escape = 0
    return this.#takeCharacter(this.#code > 0xff ? 0 : this.#code)
  }

  /** The last one or two bytes; padding may be missing, a lone character may not. */
  #takeRest(target: Uint8Array, out: number): number {
    if (this.#count === 1) throw malformed('its length is impossible')
    if (this.#padding > 0 && this.#count + this.#padding !== 4) throw malformed('incomplete padding')
    if (this.#count === 0) return 0
    target[out] = this.#bits >> 16
    if (this.#count === 3) target[out + 1] = this.#bits >> 8
    return this.#count - 1
  }

  flush(): void | Promise<void> {
    const [first, ...rest] = this.#out
    if (first === undefined) return
    this.#out = []
    const pending = this.#writer.write(first)
    if (rest.length === 0) return pending
    return rest.reduce((before: void | Promise<void>, next) => {
      return before ? before.then(() => this.#writer.write(next)) : this.#writer.write(next)
    }, pending)
  }

  end(): Promise<SpooledBody> {
    return this.#writer.end()
  }

  abort(): Promise<void> {
    return this.#writer.abort()
  }
}

/** Of so many characters, with what an unfinished group leaves over. */
const mostBytes = (characters: number): number => Math.ceil((characters * 3) / 4) + 3

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
