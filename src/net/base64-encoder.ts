/**
 * Base64 from bytes to bytes. `Buffer.toString('base64')` would make image data a string; a table of all 12-bit pairs writes
 * two characters at a time straight into the outgoing buffer.
 */

import { encodeVectors } from './base64-simd.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const PAD = 0x3d
/** Below this the table is faster than the way to the vectors and back. */
const SHORT_BYTES = 192

/** Two ASCII characters per 12 bits, in the machine's byte order. */
const PAIRS = buildPairs()

function buildPairs(): Uint16Array {
  const bytes = new Uint8Array(8192)
  for (let value = 0; value < 4096; value += 1) {
    bytes[value * 2] = ALPHABET.charCodeAt(value >> 6)
    bytes[value * 2 + 1] = ALPHABET.charCodeAt(value & 63)
  }
  return new Uint16Array(bytes.buffer)
}

/** Characters of the padded base64 form of `bytes` bytes. */
export const base64Length = (bytes: number): number => Math.ceil(bytes / 3) * 4

/** Makes room for encoded characters. */
export type Allocate = (bytes: number) => Buffer

/**
 * Encode a stream of chunks; each is encoded as it comes, with at most two bytes carried over to the next. `allocate` may hand
 * out the same memory again once its taker is done with the piece before.
 */
export async function* encodeBase64(
  source: AsyncIterable<Uint8Array>,
  allocate: Allocate = Buffer.allocUnsafeSlow,
): AsyncGenerator<Uint8Array> {
  let carry: Uint8Array = new Uint8Array(0)
  for await (const chunk of source) {
    // The first group takes what was carried over, so that the rest is encoded where it lies.
    const borrowed = carry.length === 0 ? 0 : Math.min(3 - carry.length, chunk.length)
    const first = carry.length === 0 ? carry : Buffer.concat([carry, chunk.subarray(0, borrowed)])
    const rest = chunk.subarray(borrowed)
    const whole = first.length === 3 ? 4 : 0
    const usable = rest.length - (rest.length % 3)
    if (whole + usable > 0) {
      const target = allocate(whole + (usable / 3) * 4)
      if (whole > 0) encodeTriples(first, 3, target)
      encodeTriples(rest, usable, target.subarray(whole))
      yield target
    }
    // A copy, for the source may use its buffer again; `slice` of a Buffer is none.
    carry = whole > 0 || first.length === 0 ? Uint8Array.from(rest.subarray(usable)) : first
  }
  if (carry.length > 0) yield encodeTail(carry)
}

/** `target` starts at an even address. */
function encodeTriples(source: Uint8Array, usable: number, target: Uint8Array): void {
  const pairs = new Uint16Array(target.buffer, target.byteOffset, (usable / 3) * 2)
  const done = usable >= SHORT_BYTES ? encodeVectors(source, usable, target) : 0
  let out = (done / 3) * 2
  for (let index = done; index < usable; index += 3) {
    // In range: `usable` is a multiple of three within the source, and the table covers all 12-bit values.
    const triple = ((source[index] as number) << 16) | ((source[index + 1] as number) << 8) | (source[index + 2] as number)
    pairs[out] = PAIRS[triple >> 12] as number
    pairs[out + 1] = PAIRS[triple & 0xfff] as number
    out += 2
  }
}

function encodeTail(tail: Uint8Array): Uint8Array {
  const padded = new Uint8Array(3)
  padded.set(tail)
  const encoded = Buffer.allocUnsafeSlow(4)
  encodeTriples(padded, 3, encoded)
  for (let index = tail.length + 1; index < 4; index += 1) encoded[index] = PAD
  return encoded
}
