import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Spool, SpooledBody } from '../ports/blob-store.ts'
import { createSpool } from './spool.ts'

let dir: string
let spool: Spool
const KIB = 1024

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'halftone-spool-'))
  spool = createSpool({ dir, memoryBudgetBytes: 256 * KIB })
})
afterEach(async () => {
  await spool.close()
  rmSync(dir, { recursive: true })
})

async function write(chunks: readonly Uint8Array[], maxBytes = 1e9, recycle = false): Promise<SpooledBody> {
  const writer = spool.create({ maxBytes, recycle })
  for (const chunk of chunks) await writer.write(chunk)
  return writer.end()
}

async function chunksOf(body: SpooledBody): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body.open()) chunks.push(Buffer.from(chunk))
  return chunks
}

const read = async (body: SpooledBody): Promise<Buffer> => Buffer.concat(await chunksOf(body))

/** A buffer of its own, as sockets give them; small allocations share a pool. */
const own = (bytes: number): Buffer => {
  const buffer = Buffer.allocUnsafeSlow(bytes)
  randomBytes(bytes).copy(buffer)
  return buffer
}

const chunkings = [
  ['nothing', []],
  ['one byte', [1]],
  ['small chunks', Array.from({ length: 300 }, () => 100)],
  ['big chunks within the budget', [64 * KIB, 64 * KIB, 64 * KIB]],
  ['exactly the budget', [256 * KIB]],
  ['one byte more than the budget', [256 * KIB, 1]],
  ['one chunk larger than the budget', [700 * KIB]],
  ['many chunks beyond the budget', Array.from({ length: 40 }, () => 48 * KIB)],
  ['small chunks after big ones', [200 * KIB, 100 * KIB, ...Array.from({ length: 2000 }, () => 77)]],
] as const

describe.each(chunkings)('%s', (_, sizes) => {
  test('comes back as written, twice, with its hash, length and head', async () => {
    const chunks = sizes.map(own)
    const whole = Buffer.concat(chunks)
    const body = await write(chunks)
    expect(body.bytes).toBe(whole.byteLength)
    expect(body.sha256).toBe(createHash('sha256').update(whole).digest('hex'))
    expect(Buffer.from(body.head).equals(whole.subarray(0, 64 * KIB))).toBe(true)
    for (let time = 0; time < 2; time++) expect((await read(body)).equals(whole)).toBe(true)
    await body.dispose()
    await body.dispose()
    expect(spool.bytesInMemory).toBe(0)
    expect(readdirSync(dir)).toEqual([])
  })

  test('comes back as written in recycled memory, whatever happens to the buffer it was written from', async () => {
    const chunks = sizes.map(own)
    const whole = Buffer.concat(chunks)
    const writer = spool.create({ maxBytes: 1e9, recycle: true })
    const scratch = Buffer.alloc(Math.max(1, ...sizes))
    for (const chunk of chunks) {
      chunk.copy(scratch)
      const waiting = writer.write(scratch.subarray(0, chunk.byteLength))
      scratch.fill(0xee)
      await waiting
    }
    const body = await writer.end()
    expect(body.sha256).toBe(createHash('sha256').update(whole).digest('hex'))
    expect((await read(body)).equals(whole)).toBe(true)
    await body.dispose()
    expect(spool.bytesInMemory).toBe(0)
    expect(readdirSync(dir)).toEqual([])
  })
})

test('recycled memory never shows through: bodies that live at the same time keep their own bytes', async () => {
  const step = fc.record({ bytes: fc.integer({ min: 0, max: 150 * KIB }), keep: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const alive: { readonly body: SpooledBody; readonly bytes: Buffer }[] = []
      for (const { bytes, keep } of steps) {
        const content = own(bytes)
        const body = await write([content.subarray(0, bytes >> 1), content.subarray(bytes >> 1)], 1e9, true)
        if (keep) alive.push({ body, bytes: content })
        else await body.dispose()
      }
      for (const { body, bytes } of alive) expect((await read(body)).equals(bytes)).toBe(true)
      for (const { body } of alive) {
        await body.dispose()
        await body.dispose()
      }
      expect(spool.bytesInMemory).toBe(0)
    }),
    { numRuns: 40 },
  )
})

test('any chunking, through slices of a shared buffer, gives the same bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 40 * KIB }), { maxLength: 30 }), async (sizes) => {
      const whole = randomBytes(sizes.reduce((sum, size) => sum + size, 0))
      const starts = sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0))
      const body = await write(sizes.map((size, index) => whole.subarray(starts[index]!, starts[index]! + size)))
      expect((await read(body)).equals(whole)).toBe(true)
      await body.dispose()
      expect(spool.bytesInMemory).toBe(0)
    }),
    { numRuns: 60 },
  )
})

test('the budget is shared and never passed; what does not fit goes to disk', async () => {
  const bodies = await Promise.all(
    Array.from({ length: 20 }, () => {
      const body = write(Array.from({ length: 4 }, () => own(32 * KIB)))
      expect(spool.bytesInMemory).toBeLessThanOrEqual(256 * KIB)
      return body
    }),
  )
  expect(spool.bytesInMemory).toBeLessThanOrEqual(256 * KIB)
  expect(readdirSync(dir).length).toBeGreaterThanOrEqual(18)
  await Promise.all(bodies.map((body) => body.dispose()))
  expect(spool.bytesInMemory).toBe(0)
})

test('a flood of bodies beyond the budget comes through whole, and none waits for memory', async () => {
  const flood = createSpool({ dir, memoryBudgetBytes: 0 })
  const writeOne = async (index: number): Promise<SpooledBody> => {
    const writer = flood.create({ maxBytes: 1e9 })
    for (let part = 0; part < 3; part++) await writer.write(Buffer.alloc(8 * KIB, index + part))
    return writer.end()
  }
  const bodies = await Promise.all(Array.from({ length: 600 }, (_, index) => writeOne(index)))
  for (const [index, body] of bodies.entries()) {
    const expected = Buffer.concat([0, 1, 2].map((part) => Buffer.alloc(8 * KIB, index + part)))
    expect((await read(body)).equals(expected)).toBe(true)
    await body.dispose()
  }
  expect(readdirSync(dir)).toEqual([])
})

test('write answers at once within the budget and waits only for the disk', async () => {
  const writer = spool.create({ maxBytes: 1e9 })
  expect(writer.write(own(200 * KIB))).toBeUndefined()
  const waiting = writer.write(own(100 * KIB))
  expect(waiting).toBeInstanceOf(Promise)
  await waiting
  expect(spool.bytesInMemory).toBe(0)
  await writer.abort()
})

test('a small slice does not keep the big buffer it came from', async () => {
  const big = own(200 * KIB)
  const body = await write([big.subarray(0, 100)])
  const [chunk] = await chunksOf(body)
  expect(chunk!.buffer).not.toBe(big.buffer)
  expect(spool.bytesInMemory).toBeLessThan(8 * KIB)
  await body.dispose()
})

test('a chunk that fills its buffer is kept without a copy', async () => {
  const big = own(64 * KIB)
  const body = await write([big])
  const { value: chunk } = await body.open()[Symbol.asyncIterator]().next()
  expect(chunk!.buffer).toBe(big.buffer)
  await body.dispose()
})

describe('limits', () => {
  test.each([
    ['in memory', [100 * KIB, 1]],
    ['on disk', [300 * KIB, 200 * KIB]],
  ] as const)('a body that grows too large %s is refused, and nothing of it stays', async (_, [first, second]) => {
    const writer = spool.create({ maxBytes: first, tooLargeCode: 'image_too_large' })
    await writer.write(own(first))
    await expect(writer.write(own(second))).rejects.toMatchObject({ code: 'image_too_large' })
    await expect(writer.end()).rejects.toThrow('closed')
    expect(spool.bytesInMemory).toBe(0)
    expect(readdirSync(dir)).toEqual([])
  })

  test('exactly the limit is fine, and the default error is that of a provider', async () => {
    const writer = spool.create({ maxBytes: 10 })
    await writer.write(own(10))
    await expect(writer.write(own(1))).rejects.toMatchObject({ code: 'provider_response_too_large' })
  })
})

test.each([100, 600 * KIB])('an aborted body of %d bytes leaves nothing', async (size) => {
  const writer = spool.create({ maxBytes: 1e9 })
  const writing = writer.write(own(size))
  await writer.abort()
  await writing
  await writer.abort()
  expect(spool.bytesInMemory).toBe(0)
  expect(readdirSync(dir)).toEqual([])
})

test('closing the spool aborts what is being written and leaves finished bodies alone', async () => {
  const body = await write([own(300 * KIB)])
  await spool.create({ maxBytes: 1e9 }).write(own(600 * KIB))
  await spool.close()
  expect(readdirSync(dir)).toHaveLength(1)
  expect((await read(body)).byteLength).toBe(300 * KIB)
  await body.dispose()
})

test('when the disk fails the write fails with a typed error, and the body cannot be ended', async () => {
  rmSync(dir, { recursive: true })
  const writer = spool.create({ maxBytes: 1e9 })
  await expect(writer.write(own(300 * KIB))).rejects.toMatchObject({ code: 'storage_failed' })
  await expect(writer.end()).rejects.toThrow('closed')
  expect(spool.bytesInMemory).toBe(0)
  await createSpool({ dir }).close()
})
