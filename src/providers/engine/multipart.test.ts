import { describe, expect, test } from 'vitest'
import { createMemorySpool, type MemorySpool } from '../../../test/providers/memory-spool.ts'
import type { Answer } from './answer.ts'
import { consumeMultipart } from './multipart.ts'

interface Part {
  readonly name: string
  readonly type?: string
  readonly filename?: string | undefined
  readonly content: string | Buffer
}

const TYPE = 'multipart/form-data; boundary=x'
const picture = Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 7) % 256))
const job: Part = { name: 'job', type: 'application/json', filename: 'job.json', content: '{"price":{"dollars":0.002}}' }
const output: Part = { name: 'output', type: 'image/png', filename: 'output.png', content: picture }

function bodyOf(parts: readonly Part[], end = '--x--\r\n'): Buffer {
  const pieces = parts.flatMap(({ name, type, filename, content }) => [
    Buffer.from(
      `--x\r\ncontent-disposition: form-data; name="${name}"${filename ? `; filename="${filename}"` : ''}\r\n${type ? `content-type: ${type}\r\n` : ''}\r\n`,
    ),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([...pieces, Buffer.from(end)])
}

async function consume(body: Buffer, { size = 1000, spool = createMemorySpool(), type = TYPE, maxBytes = 10_000 } = {}) {
  const limits = { openBody: () => spool.create({ maxBytes, recycle: true }) }
  const consumer = consumeMultipart(type, limits, ({ value, bodies }) => {
    return { response: { status: 200, headers: {}, body: { kind: 'json', value } }, bodies }
  })
  // The same memory again and again, as a socket reads.
  const shared = Buffer.alloc(size)
  try {
    for (let at = 0; at < body.length; at += size) {
      const bytes = body.copy(shared, 0, at, at + size)
      await consumer.write(shared.subarray(0, bytes))
    }
  } catch (error) {
    await consumer.abort()
    throw error
  }
  return consumer.end()
}

const skeletonOf = ({ response }: Answer): unknown => response.body.kind === 'json' && response.body.value

async function bytesOf(answer: Answer, index: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.bodies[index]?.body.open() ?? []) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe('answers in parts', () => {
  test.each([1, 7, 64, 1000, 100_000])('are read whole in chunks of %i bytes', async (size) => {
    const answer = await consume(bodyOf([job, output]), { size })
    expect(skeletonOf(answer)).toEqual({ job: { price: { dollars: 0.002 } }, output: { $body: 0 } })
    expect(await bytesOf(answer, 0)).toEqual(picture)
  })

  test('wait for a spool that writes to disk', async () => {
    const spool = createMemorySpool({ slow: true })
    const answer = await consume(bodyOf([output, job]), { size: 64, spool })
    expect(await bytesOf(answer, 0)).toEqual(picture)
    await Promise.all(answer.bodies.map(({ body }) => body.dispose()))
    expect(spool.open).toBe(0)
  })

  test('name several of a kind as a list, in order, and keep text as text', async () => {
    const second = { ...output, content: Buffer.from('other') }
    const note = { name: 'note', content: '{"a":1}' }
    const answer = await consume(bodyOf([output, second, { ...job, filename: undefined }, note]))
    expect(skeletonOf(answer)).toEqual({
      output: [{ $body: 0 }, { $body: 1 }],
      job: { price: { dollars: 0.002 } },
      note: '{"a":1}',
    })
    expect((await bytesOf(answer, 1)).toString()).toBe('other')
  })

  const large = { ...job, content: `"${'a'.repeat(300_000)}"` }
  test.each<[string, Buffer, string, object]>([
    ['that are cut off', bodyOf([job, output]).subarray(0, 3_000), 'truncated', {}],
    ['that never end', bodyOf([job, output], ''), 'truncated', {}],
    ['whose JSON is none', bodyOf([{ ...job, content: '{' }, output]), 'invalid_json', {}],
    ['whose JSON is none and no file', bodyOf([{ name: 'job', type: 'application/json', content: '{' }]), 'invalid_json', {}],
    ['whose JSON is endless', bodyOf([output, large]), 'too_large', {}],
    ['whose JSON is endless and no file', bodyOf([{ ...large, filename: undefined }]), 'too_large', {}],
    ['that are too many', bodyOf(Array.from({ length: 70 }, () => ({ ...output, content: 'x' }))), 'too_large', {}],
    ['without a boundary', bodyOf([job]), 'truncated', { type: 'multipart/form-data' }],
  ])('%s are refused, and nothing stays behind', async (_, body, kind, options) => {
    const spool: MemorySpool = createMemorySpool()
    await expect(consume(body, { spool, ...options })).rejects.toMatchObject({ name: 'ScanError', kind })
    expect(spool.open).toBe(0)
  })

  test('with a picture above the limit are refused as that', async () => {
    const spool = createMemorySpool()
    const reading = consume(bodyOf([job, output]), { spool, maxBytes: 2_000, size: 500 })
    await expect(reading).rejects.toMatchObject({ code: 'provider_response_too_large' })
    expect(spool.open).toBe(0)
  })
})
