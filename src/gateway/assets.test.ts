import { expect, test } from 'vitest'
import { inputAssets } from './assets.ts'
import type { ExecuteInput } from './execution.ts'

const image = { role: 'image', sha256: 'a', bytes: 1, mediaType: 'image/png', width: 1, height: 1 }
// The rest of an input says nothing about its images.
const input = { caller: { assetTtlDays: 30 }, inputs: [{ input: image }, { input: image }] } as unknown as ExecuteInput
const idsAt = (nowUs: number): readonly string[] => inputAssets(input, nowUs).map(({ id }) => id)

test('ids of images sort by when they were made, and cannot be guessed from that', () => {
  const times = [0, 999_000_000, 1_795_000_000_000_000, 1_795_000_000_001_000, 100_000_000_000_000_000]
  const firsts = times.map((nowUs) => idsAt(nowUs)[0] ?? '')
  expect(firsts.toSorted()).toEqual(firsts)
  const ids = idsAt(1_795_000_000_000_000)
  expect(new Set(ids).size).toBe(2)
  for (const id of ids) expect(id).toMatch(/^img_[0-9a-z]{9}[\w-]{24}$/)
})
