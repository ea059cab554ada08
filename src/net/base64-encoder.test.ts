import fc from 'fast-check'
import { expect, test } from 'vitest'
import { base64Length, encodeBase64 } from './base64-encoder.ts'

async function* pieces(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

test('any bytes in any chunks encode as the platform encodes them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 }), async (chunks) => {
      const encoded: Uint8Array[] = []
      for await (const piece of encodeBase64(pieces(chunks))) encoded.push(piece)
      const whole = Buffer.concat(chunks)
      expect(Buffer.concat(encoded).toString('latin1')).toBe(whole.toString('base64'))
      expect(Buffer.concat(encoded).length).toBe(base64Length(whole.length))
    }),
  )
})

test('a source that gives every chunk in the same buffer is encoded all the same', async () => {
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => (index * 7) % 256))
  async function* oneBuffer(): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.alloc(100)
    for (let at = 0; at < bytes.length; at += 100) {
      bytes.copy(buffer, 0, at, at + 100)
      yield buffer
    }
  }
  const encoded: Uint8Array[] = []
  for await (const piece of encodeBase64(oneBuffer())) encoded.push(Buffer.from(piece))
  expect(Buffer.concat(encoded).toString('latin1')).toBe(bytes.toString('base64'))
})
