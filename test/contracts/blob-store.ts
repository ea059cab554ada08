/** What every blob store must do. Each backend runs it from its own test file. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createSpool } from '../../src/blobs/spool.ts'
import type { BlobStore, Spool, SpooledBody } from '../../src/ports/blob-store.ts'

interface Fixture {
  readonly store: BlobStore
  /** Bodies in memory. */
  readonly memorySpool: Spool
  /** Bodies in temporary files. */
  readonly fileSpool: Spool
  /** A second instance over the same data, as another process has it. */
  reopen(): Promise<BlobStore>
  close(): Promise<void>
}

/** Opens a store; what it keeps on this machine goes into the folder. */
export type OpenBlobStore = (folder: string) => BlobStore | Promise<BlobStore>

async function fixtureOf(openIn: OpenBlobStore): Promise<Fixture> {
  const folder = mkdtempSync(join(tmpdir(), 'halftone-blobs-'))
  const memorySpool = createSpool({ dir: join(folder, 'spool') })
  const fileSpool = createSpool({ dir: join(folder, 'spool'), memoryBudgetBytes: 0 })
  const stores: BlobStore[] = []
  const reopen = async (): Promise<BlobStore> => {
    const store = await openIn(join(folder, 'blobs'))
    stores.push(store)
    return store
  }
  return {
    store: await reopen(),
    memorySpool,
    fileSpool,
    reopen,
    async close() {
      await memorySpool.close()
      await fileSpool.close()
      await Promise.all(stores.map((store) => store.close()))
      rmSync(folder, { recursive: true })
    },
  }
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = []
  for await (const chunk of chunks) found.push(chunk)
  return Buffer.concat(found)
}

async function spooled(spool: Spool, bytes: Uint8Array, step = 50_000): Promise<SpooledBody> {
  const writer = spool.create({ maxBytes: bytes.byteLength })
  for (let at = 0; at < bytes.byteLength; at += step) await writer.write(bytes.subarray(at, at + step))
  return writer.end()
}

export function blobStoreContract(name: string, openIn: OpenBlobStore): void {
  describe(`blob store: ${name}`, () => {
    let fixture: Fixture
    beforeEach(async () => {
      fixture = await fixtureOf(openIn)
    })
    afterEach(() => fixture.close())

    for (const kind of ['memorySpool', 'fileSpool'] as const) {
      test.each([1, 4096, 262_144, 1_500_000])(
        `a body of %d bytes from ${kind} is stored whole and stays readable`,
        async (size) => {
          const bytes = randomBytes(size)
          const body = await spooled(fixture[kind], bytes)
          await fixture.store.put(body)
          const blob = await fixture.store.open(sha256Of(bytes))
          expect(blob?.bytes).toBe(size)
          expect((await collect(blob!.stream)).equals(bytes)).toBe(true)
          expect((await collect(body.open())).equals(bytes)).toBe(true)
          expect(Buffer.from(body.head).equals(bytes.subarray(0, 65_536))).toBe(true)
          await body.dispose()
          expect((await collect((await fixture.store.open(body.sha256))!.stream)).equals(bytes)).toBe(true)
        },
      )

      test(`putting the same bytes from ${kind} again changes nothing`, async () => {
        const bytes = randomBytes(100_000)
        for (let round = 0; round < 3; round++) {
          const body = await spooled(fixture[kind], bytes)
          await fixture.store.put(body)
          await fixture.store.put(body)
          await body.dispose()
        }
        expect((await collect((await fixture.store.open(sha256Of(bytes)))!.stream)).equals(bytes)).toBe(true)
      })

      test(`bodies put from ${kind} at the same time are all stored, also equal ones`, async () => {
        const contents = Array.from({ length: 24 }, (_, index) => Buffer.alloc(70_000, index % 12))
        const bodies = await Promise.all(contents.map((bytes) => spooled(fixture[kind], bytes)))
        await Promise.all(bodies.map((body) => fixture.store.put(body)))
        await Promise.all(bodies.map((body) => body.dispose()))
        for (const bytes of contents) {
          expect((await collect((await fixture.store.open(sha256Of(bytes)))!.stream)).equals(bytes)).toBe(true)
        }
      })
    }

    test.each([
      [3_000, { from: 0, bytes: 10 }],
      [3_000, { from: 2_990, bytes: 100 }],
      [3_000, { from: 3_000, bytes: 1 }],
      [200_000, { from: 65_530, bytes: 70_000 }],
      [200_000, { from: 199_999, bytes: 1 }],
    ])('a part of %d bytes is read without the rest: %j', async (bytes, part) => {
      const content = randomBytes(bytes)
      const body = await spooled(fixture.memorySpool, content)
      await fixture.store.put(body)
      await body.dispose()
      const found = await fixture.store.open(body.sha256, part)
      expect(found?.bytes).toBe(bytes)
      expect((await collect(found!.stream)).equals(content.subarray(part.from, part.from + part.bytes))).toBe(true)
    })

    test('what is not stored is undefined', async () => {
      expect(await fixture.store.open('0'.repeat(64))).toBeUndefined()
    })

    test.each(['', '../../etc/passwd', 'A'.repeat(64), `${'0'.repeat(63)}/`, '0'.repeat(65)])(
      'an id that is no hash is refused: %j',
      async (id) => {
        await expect(fixture.store.open(id)).rejects.toMatchObject({ code: 'not_found' })
        await expect(fixture.store.delete(id)).rejects.toMatchObject({ code: 'not_found' })
      },
    )

    test('a deleted blob is gone, deleting it again is fine, and it can be stored again', async () => {
      const bytes = randomBytes(5000)
      for (let round = 0; round < 2; round++) {
        const body = await spooled(fixture.memorySpool, bytes)
        await fixture.store.put(body)
        await body.dispose()
        expect((await fixture.store.open(body.sha256))?.bytes).toBe(5000)
        // What was stored just now may have to wait.
        await expect.poll(() => fixture.store.delete(body.sha256)).toBe(true)
        await fixture.store.delete(body.sha256)
        expect(await fixture.store.open(body.sha256)).toBeUndefined()
      }
    })

    test('blobs outlive the instance that stored them', async () => {
      const bytes = randomBytes(5000)
      const body = await spooled(fixture.memorySpool, bytes)
      await fixture.store.put(body)
      await body.dispose()
      await fixture.store.close()
      const other = await fixture.reopen()
      expect((await collect((await other.open(body.sha256))!.stream)).equals(bytes)).toBe(true)
      await other.close()
    })

    test('free space is a number of bytes, or has no meaning', async () => {
      const free = await fixture.store.freeBytes()
      if (free !== undefined) expect(free).toBeGreaterThan(1_000_000)
    })
  })
}
