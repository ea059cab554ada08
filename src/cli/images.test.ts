import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTarget, sniffImage } from './images.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halftone-images-'))
  await writeFile(join(folder, 'plain'), '')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const image = { requestId: '0193529a-6b7e-7c3a-9d51-4f0aa1b2c3d4', index: 0, count: 1, extension: 'png' }

describe('where pictures go', () => {
  const cases: readonly {
    rule: string
    output: string | undefined
    of?: Partial<typeof image>
    path: string
    format?: string
  }[] = [
    { rule: 'without -o, the current folder', output: undefined, path: 'halftone-a1b2c3d4.png' },
    { rule: 'a trailing slash names a folder, which is made', output: 'new/', path: 'new/halftone-a1b2c3d4.png' },
    { rule: 'an existing folder', output: '.', path: 'halftone-a1b2c3d4.png' },
    { rule: 'a file keeps its name and tells the format', output: 'fox.JPG', path: 'fox.JPG', format: 'jpeg' },
    { rule: 'a name without extension gets the one of the bytes', output: 'fox', path: 'fox.png' },
    {
      rule: 'several pictures are numbered from 1',
      output: 'fox.webp',
      of: { index: 1, count: 2 },
      path: 'fox-2.webp',
      format: 'webp',
    },
  ]
  for (const { rule, output, of, path, format } of cases) {
    test(rule, async () => {
      const target = await openTarget(output, folder)
      expect(target.pathOf({ ...image, ...of })).toBe(join(folder, path))
      expect(target.format).toBe(format)
    })
  }

  test('a place that cannot be written is refused before anything is asked for', async () => {
    await expect(openTarget('plain/fox.png', folder)).rejects.toMatchObject({
      exit: 'failure',
      message: expect.stringContaining('Nothing was sent'),
    })
  })
})

describe('what bytes are', () => {
  const cases: readonly [name: string, bytes: string][] = [
    ['PNG', '\x89PNG\r\n'],
    ['JPEG', '\xff\xd8\xff\xe0'],
    ['WebP', 'RIFF\0\0\0\0WEBPVP8 '],
    ['GIF', 'GIF89a'],
    ['SVG', '<?xml version="1.0"?><svg xmlns="x">'],
    ['unknown', '<html>'],
  ]
  for (const [name, bytes] of cases)
    test(`${name} by its first bytes`, () => expect(sniffImage(Buffer.from(bytes, 'latin1')).name).toBe(name))
})
