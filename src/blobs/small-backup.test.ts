import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSmallStore } from './small.ts'
import { backupSmall } from './small-backup.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'halftone-small-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('small images are complete in a copy that was made while they were written', async () => {
  const path = join(folder, 'small.db')
  const copy = join(folder, 'copy.images')
  expect(backupSmall(path, copy)).toBe(false)
  const store = createSmallStore(path)
  await store.put('a'.repeat(64), new Uint8Array([1, 2, 3]))
  expect(backupSmall(path, copy)).toBe(true)
  expect(backupSmall(path, copy)).toBe(true)
  await store.delete('a'.repeat(64))
  await store.close()
  const again = createSmallStore(copy)
  expect(await again.get('a'.repeat(64))).toEqual(new Uint8Array([1, 2, 3]))
  await again.close()
})
