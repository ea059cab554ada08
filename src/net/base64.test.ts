import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeGroups } from './base64.ts'
import { encodeBase64 } from './base64-encoder.ts'
import { decodeVectors, encodeVectors, vectorPlace } from './base64-simd.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const noise = (length: number): Buffer => Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 167 + (at >> 7) * 31) & 0xff))

describe('decoding', () => {
  test('gives what the runtime gives, for any bytes at any offset', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.nat(20), (bytes, offset) => {
        const raw = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 3)))
        const source = Buffer.concat([Buffer.alloc(offset, '!'), Buffer.from(raw.toString('base64'))])
        const target = Buffer.alloc(raw.length)
        expect(decodeGroups(source, offset, source.length, target)).toBe(source.length - offset)
        expect(target.equals(raw)).toBe(true)
      }),
    )
  })

  test('crosses the windows of the vector memory', () => {
    const raw = noise(300_000)
    const source = Buffer.from(raw.toString('base64'))
    const target = Buffer.alloc(raw.length)
    expect(decodeGroups(source, 0, source.length, target)).toBe(source.length)
    expect(target.equals(raw)).toBe(true)
  })

  test('stops before the group with any byte outside the alphabet, wherever in a vector it stands', () => {
    const clean = Buffer.from(noise(768).toString('base64'))
    const target = Buffer.alloc(768)
    for (let byte = 0; byte < 256; byte++) {
      if (ALPHABET.includes(String.fromCharCode(byte))) continue
      const place = 500 + (byte % 16)
      const source = Buffer.from(clean)
      source[place] = byte
      expect(decodeGroups(source, 0, source.length, target)).toBe(place - (place % 4))
    }
  })
})

describe('encoding', () => {
  test('gives what the runtime gives, for any chunks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 6 }), async (chunks) => {
        const encoded = []
        for await (const part of encodeBase64(from(chunks))) encoded.push(part)
        expect(Buffer.concat(encoded).toString('latin1')).toBe(Buffer.concat(chunks).toString('base64'))
      }),
    )
  })

  test('crosses the windows of the vector memory', async () => {
    const raw = noise(200_001)
    const encoded = []
    for await (const part of encodeBase64(from([raw]))) encoded.push(part)
    expect(Buffer.concat(encoded).toString('latin1')).toBe(raw.toString('base64'))
  })
})

test('the vectors are really used on this machine', () => {
  const raw = noise(1200)
  const text = Buffer.from(raw.toString('base64'))
  expect(decodeVectors(text, 0, text.length, Buffer.alloc(1200))).toBe(1600)
  expect(encodeVectors(raw, raw.length, Buffer.alloc(1600))).toBeGreaterThan(1180)
})

async function* from(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

test('what lies in the vector memory is decoded as anything else is, from any offset, into that memory or out of it', () => {
  const encoded = vectorPlace('encoded')!
  const decoded = vectorPlace('decoded')!
  for (const [length, offset] of [
    [300, 0],
    [48_000, 1],
    [98_200, 7],
  ] as const) {
    const raw = noise(length - (length % 3))
    const chars = Buffer.from(raw.toString('base64'))
    const own = Buffer.alloc(raw.length)
    for (const [source, at, target] of [
      [encoded, offset, decoded],
      [encoded, offset, own],
      [chars, 0, decoded],
    ] as const) {
      encoded.set(chars, offset)
      target.fill(0)
      expect(decodeGroups(source, at, at + chars.length, target)).toBe(chars.length)
      expect(raw.equals(target.subarray(0, raw.length))).toBe(true)
    }
  }
})
