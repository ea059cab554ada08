import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bookOf, rateOf, skuOf } from '../../test/support/pricing.ts'
import { loadConfig } from './load.ts'
import { loadPriceFiles } from './price-files.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halftone-price-problems-'))
})
afterAll(() => rm(folder, { recursive: true }))

const refusal = (message: RegExp) => expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(message) })
const write = (value: unknown) =>
  writeFile(join(folder, 'acme.json'), typeof value === 'string' ? value : JSON.stringify(value, null, 2))

describe('a price file that cannot be used stops the start with file, line and remedy', () => {
  test('syntax', async () => {
    await write('{\n  "provider": "acme",\n  "unit": \n}\n')
    await expect(loadPriceFiles(folder)).rejects.toEqual(refusal(/\/acme\.json:[34]:\d+: is not valid JSON\. Correct/))
  })

  test('an unknown key, a missing one and a wrong value, each on its own line', async () => {
    const book = bookOf([skuOf({ rates: [rateOf({ price: 'cheap' })] })])
    const { unit: _, ...rest } = { ...book, extra: 1 }
    await write(rest)
    const lines = JSON.stringify(rest, null, 2).split('\n')
    const lineOf = (text: string) => lines.findIndex((line) => line.includes(text)) + 1
    await expect(loadPriceFiles(folder)).rejects.toEqual(
      refusal(new RegExp(`acme\\.json:${lineOf('"extra"')}:\\d+: extra: unknown key\\. Remove it`)),
    )
    await expect(loadPriceFiles(folder)).rejects.toEqual(refusal(/acme\.json:1:1: unit: missing\. Add it\./))
    await expect(loadPriceFiles(folder)).rejects.toEqual(
      refusal(
        new RegExp(
          `acme\\.json:${lineOf('"cheap"')}:\\d+: skus\\[0\\]\\.rates\\[0\\]\\.price: expected a decimal.*Correct it\\.`,
        ),
      ),
    )
  })

  test('overlapping rates: the line of the later one, and what to set', async () => {
    const rates = [rateOf({ id: 'a' }), rateOf({ id: 'b', effectiveFrom: '2026-06-01' })]
    const book = bookOf([skuOf({ rates })])
    await write(book)
    const line =
      JSON.stringify(book, null, 2)
        .split('\n')
        .findIndex((it) => it.includes('"id": "b"')) + 1
    await expect(loadPriceFiles(folder)).rejects.toEqual(
      refusal(new RegExp(`acme\\.json:${line}:\\d+: acme/one: rates a and b overlap; set effectiveTo of a to 2026-06-01\\.`)),
    )
  })
})

describe("an operator's price that cannot be used stops the start with file, line and remedy", () => {
  const problems = async (prices: string): Promise<string> => {
    const yaml = `providers:\n  gpu:\n    type: openai-compatible\n    baseUrl: http://127.0.0.1:9\n    models: [a/b]\n    prices:\n${prices}`
    await writeFile(join(folder, 'halftone.yaml'), yaml)
    return loadConfig({ env: {}, cwd: folder }).then(
      () => '',
      (error: Error) => error.message,
    )
  }

  test.each([
    ['an unknown key', '      a/b:\n        perImage: 0.04\n        perPicture: 1\n', /halftone\.yaml:9:9 .*perPicture/],
    ['a wrong decimal', '      a/b:\n        perImage: cheap\n', /halftone\.yaml:8:19 .*perImage: must be/],
    ['no price at all', '      a/b:\n        tier: batch\n', /halftone\.yaml:8:9 .*must name either perImage/],
    [
      'overlapping rates',
      `      a/b:\n        rates:\n${['x', 'y'].map((id) => `          - {id: ${id}, meter: images.out, price: 0.1, effectiveFrom: 2026-01-01}\n`).join('')}`,
      /halftone\.yaml:8:9 .*rates x and y overlap.*Correct the rates\./,
    ],
  ])('%s', async (_, prices, expected) => {
    expect(await problems(prices)).toMatch(expected)
  })
})
