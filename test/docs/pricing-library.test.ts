/** Every block of the guide runs, and each `console.log(...) // text` prints that text. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parsePage, root } from './pages.ts'

const page = 'docs/guide/pricing-library.md'
const { fences } = parsePage(page, await readFile(join(root, page), 'utf8'))
const blocks = fences.filter(({ info }) => info === 'js')

const url = (path: string): string => pathToFileURL(join(root, path)).href

/** The names of the package, in this tree without a build. */
const inThisTree = (text: string): string =>
  text
    .replaceAll("'halftone/pricing'", `'${url('src/core/pricing/library.ts')}'`)
    .replaceAll("'halftone/prices'", `'${url('prices/index.js')}'`)
    .replaceAll(/'halftone\/prices\/([\w-]+\.json)'/g, `'${url('prices/')}$1'`)

describe(page, () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halftone-guide-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const printed = async (text: string): Promise<string[]> => {
    const file = join(folder, 'block.mjs')
    await writeFile(file, inThisTree(text))
    const { stdout } = await promisify(execFile)(process.execPath, [file])
    return stdout
      .trim()
      .split(/\n(?! |\])/)
      .map((line) => line.replaceAll(/\s+/g, ' '))
  }
  const promised = (text: string): string[] => [...text.matchAll(/console\.log\(.*\) \/\/ (.+)$/gm)].map(([, line = '']) => line)

  test('has blocks that promise something', () => {
    expect(blocks.length).toBeGreaterThan(4)
    expect(blocks.filter(({ text }) => promised(text).length === 0)).toEqual([])
  })

  test.each(blocks)('line $line prints what it says', async ({ text }) => {
    expect(await printed(text)).toEqual(promised(text))
  })

  test('a block that prints something else would be seen', async () => {
    const wrong = "import { formatUsd } from 'halftone/pricing'\nconsole.log(formatUsd(40000000n)) // 0.4\n"
    expect(await printed(wrong)).not.toEqual(promised(wrong))
  })
})
