/** Base64 between byte arrays, never by way of a string: image data stays outside the JavaScript heap. */
import { decodeVectors } from './base64-simd.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Value of each base64 character code, -1 for every other byte; the copies are shifted to their place in a group of four. */
const shifted = (shift: number): Int32Array => {
  const table = new Int32Array(256).fill(-1)
  for (let value = 0; value < 64; value++) table[ALPHABET.charCodeAt(value)] = value << shift
  return table
}
const FIRST = shifted(18)
const SECOND = shifted(12)
const THIRD = shifted(6)
const FOURTH = shifted(0)

/** Below this the tables are faster than the way to the vectors and back. */
const SHORT_CHARS = 256

/** The six bits a character stands for, or -1. */
export const sextetOf = (byte: number): number => FOURTH[byte] as number

/**
 * Decode whole groups of four characters from `source[from, to)` into `target` at 0. Stops before the first group that
 * holds anything but the standard alphabet. Returns the characters consumed, a multiple of four; `target` must hold three
 * bytes for every four characters.
 */
export function decodeGroups(source: Uint8Array, from: number, to: number, target: Uint8Array): number {
  let at = from + (to - from >= SHORT_CHARS ? decodeVectors(source, from, to, target) : 0)
  let out = ((at - from) / 4) * 3
  while (at + 4 <= to) {
    const group =
      (FIRST[source[at] as number] as number) |
      (SECOND[source[at + 1] as number] as number) |
      (THIRD[source[at + 2] as number] as number) |
      (FOURTH[source[at + 3] as number] as number)
    if (group < 0) break
    target[out] = group >> 16
    target[out + 1] = group >> 8
    target[out + 2] = group
    out += 3
    at += 4
  }
  return at - from
}
