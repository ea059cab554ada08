import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSmallStore } from './small.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halftone-small-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('closing waits for what was asked for before, and leaves no thread behind', async () => {
  const path = join(folder, 'small.db')
  const store = createSmallStore(path)
  const blobs = Array.from({ length: 50 }, (_, index) => Buffer.from(`picture ${index}`))
  const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
  const first = blobs.slice(0, 25).map((bytes) => store.put(hashOf(bytes), bytes))
  // The first half is with the thread by now, the second half waits for its turn.
  await new Promise((resolve) => setImmediate(resolve))
  const second = blobs.slice(25).map((bytes) => store.put(hashOf(bytes), bytes))
  await store.close()
  await Promise.all([...first, ...second])
  const again = createSmallStore(path)
  const found = await Promise.all(blobs.map((bytes) => again.get(hashOf(bytes))))
  expect(found.map((bytes) => Buffer.from(bytes ?? []).toString())).toEqual(blobs.map(String))
  await again.close()
})
