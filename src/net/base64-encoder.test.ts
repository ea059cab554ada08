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
