import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type PriceBundle, parseBundle } from '../../src/config/price-sets.ts'
import type { PriceBook } from '../../src/core/pricing/price-book.ts'
import { makeFolder, removeFolder, runAgainst, type Served, serve } from './gateway.ts'
import { type CliOptions, runCli } from './run-cli.ts'

// Each test starts several processes.
vi.setConfig({ testTimeout: 90_000 })

let cwd: string
let gateway: Served
beforeAll(async () => {
  cwd = await makeFolder()
  gateway = await serve(cwd)
})
afterAll(async () => {
  await gateway.stop()
  await removeFolder(cwd)
})

const run = (args: readonly string[], options: CliOptions = {}) => runAgainst(cwd, gateway, ['prices', ...args], options)
const ok = async (args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await run(args)
  expect(code, stderr).toBe(0)
  for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
  return stdout
}
const json = async (args: readonly string[]) => {
  const { code, stdout, stderr } = await run([...args, '--json'])
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}
const statusBook = async (): Promise<string> => {
  const key = (await readFile(join(cwd, '.halftone/admin-key'), 'utf8')).trim()
  const answer = await fetch(`${gateway.url}/v1/halftone/status`, { headers: { authorization: `Bearer ${key}` } })
  return ((await answer.json()) as { price_book: string }).price_book
}

/** The shipped set with the sandbox's prices changed, under a later version. */
async function packed(name: string, version: string, change: (book: PriceBook) => unknown): Promise<string> {
  await ok(['pack', name, '--as', version, '--note', 'the sandbox got cheaper'])
  const bundle = parseBundle(await readFile(join(cwd, name)))
  const text = JSON.stringify(change(JSON.parse(bundle.files['sandbox.json'] ?? '') as PriceBook))
  const sum = createHash('sha256').update(text).digest('hex')
  const changed: PriceBundle = {
    manifest: { ...bundle.manifest, files: { ...bundle.manifest.files, 'sandbox.json': sum } },
    files: { ...bundle.files, 'sandbox.json': text },
  }
  await writeFile(join(cwd, name), JSON.stringify(changed))
  return name
}

const cheaper = (book: PriceBook): PriceBook => ({
  ...book,
  skus: book.skus.map((sku) =>
    sku.model === 'sandbox/batch' ? { ...sku, rates: sku.rates.map((rate) => ({ ...rate, price: '0.016' })) } : sku,
  ),
})

describe('prices list, show and history', () => {
  test('name version, source, age and confidence, within 80 columns', async () => {
    expect(await ok(['list', 'sandbox'])).toMatch(/Price book \d{4}-\d\d-\d\d, shipped[\s\S]*sandbox\/flat/)
    expect(await ok(['show', 'sandbox/flat'])).toMatch(
      /\$[\d.]+ per images\.out, quality high[\s\S]*checked \d{4}-\d\d-\d\d \(\d+ days? ago/,
    )
    expect(await ok(['history', 'sandbox/batch'])).toMatch(/FROM +TO +PRICE +SOURCE\n\d{4}-\d\d-\d\d +now +\$0\.02 per/)
  })

  test('a model without a price says why', async () => {
    const { unpriced, rates } = await json(['list', '--unpriced'])
    expect(rates).toEqual([])
    expect(unpriced.length).toBeGreaterThan(0)
    for (const { reason } of unpriced) expect(reason).not.toBe('')
  })

  test('what is not in the book is 2', async () => {
    expect(await run(['show', 'nobody/nothing'])).toMatchObject({ code: 2, stderr: expect.stringContaining('prices list') })
  })
})

describe('prices diff', () => {
  test('of a book with itself says so; a day is no set, and a set not installed is named', async () => {
    expect(await ok(['diff', 'shipped', 'current'])).toBe('No difference.\n')
    expect(await run(['diff', 'shipped', '2020-01-01'])).toMatchObject({ code: 2, stderr: expect.stringContaining('shipped') })
    expect(await run(['diff'])).toMatchObject({ code: 2 })
    expect(await run(['diff', '--at', 'yesterday', 'today'])).toMatchObject({ code: 2 })
  })

  test('between two days tells what started and what ended', async () => {
    const { changes } = await json(['diff', '--at', '2020-01-01', '2026-11-01'])
    expect(changes.length).toBeGreaterThan(100)
    expect(new Set(changes.map(({ kind }: { kind: string }) => kind))).toEqual(new Set(['added']))
  })
})

describe('prices update and rollback', () => {
  test('a set is shown, installed and used by the running gateway without a restart, then rolled back', async () => {
    const shipped = await statusBook()
    expect(shipped).toMatch(/^\d{4}-\d\d-\d\d shipped [0-9a-f]{16}$/)
    const file = await packed('later.json', '2030-01-01', cheaper)
    const dry = await ok(['update', file, '--dry-run'])
    expect(dry).toMatch(/sandbox: sandbox\/batch\n {2}~ \$0\.02 per images\.out -> \$0\.016 per images\.out \(-20 %\)/)
    expect(dry).toContain('0 added, 0 ended, 1 changed')
    expect(await statusBook()).toBe(shipped)
    expect(await run(['update', file])).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
    expect(await ok(['update', file, '--yes'])).toContain('Installed prices 2030-01-01.')
    await vi.waitFor(async () => expect(await statusBook()).toMatch(/^2030-01-01 installed /), 5_000)
    expect(await ok(['history', 'sandbox/batch'])).toContain('$0.016')
    expect((await json(['diff', 'shipped', '2030-01-01'])).changes).toMatchObject([{ kind: 'changed', percent: '-20' }])
    const { stdout } = await runAgainst(cwd, gateway, ['doctor'])
    expect(stdout).toContain('price book 2030-01-01 (installed)')
    const quote = JSON.parse((await runAgainst(cwd, gateway, ['quote', 'x', '--model', 'sandbox/batch', '--json'])).stdout)
    expect(quote).toMatchObject({ price_book: expect.stringMatching(/^2030-01-01 installed/) })
    // Twice is once; an older one is no update.
    expect(await ok(['update', file, '--yes'])).toContain('Nothing was installed')
    expect(await ok(['rollback', '--yes'])).toMatch(/Left 2030-01-01; \S+ \(shipped\) is in use/)
    await vi.waitFor(async () => expect(await statusBook()).toBe(shipped), 5_000)
    expect(await ok(['rollback', '--yes'])).toContain('Nothing is installed')
  })

  test('rolls back to the set installed before, or to the shipped one', async () => {
    await ok(['update', await packed('one.json', '2031-01-01', cheaper), '--yes'])
    await ok(['update', await packed('two.json', '2031-01-01.1', (book) => book), '--yes'])
    expect(await ok(['rollback', '--yes'])).toContain('2031-01-01 (installed) is in use')
    expect(await ok(['rollback', '--shipped', '--yes'])).toContain('(shipped) is in use')
  })

  test.each([
    [
      'a damaged file',
      async () =>
        JSON.stringify({ ...JSON.parse(await readFile(join(cwd, 'later.json'), 'utf8')), files: { 'openai.json': '{}' } }),
      /SHA-256 of the manifest/,
    ],
    ['no data set', async () => '{"prices": []}', /no price data set/],
    ['no JSON', async () => 'prices', /not a JSON file/],
  ])('%s is refused with 3 and changes nothing', async (_, text, message) => {
    await writeFile(join(cwd, 'bad.json'), await text())
    const { code, stderr } = await run(['update', 'bad.json', '--yes'])
    expect({ code, stderr: stderr.replace(/\s+/g, ' ') }).toMatchObject({ code: 3, stderr: expect.stringMatching(message) })
    expect(await ok(['diff', 'shipped', 'current'])).toBe('No difference.\n')
  })

  test('a set with a slip of the unit or a broken rate is refused, naming file and line', async () => {
    const broken = await packed('broken.json', '2032-01-01', (book) => ({ ...book, unit: 'dollars' }))
    expect(await run(['update', broken, '--yes'])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/2032-01-01\/sandbox\.json:\d+:\d+: unit "dollars"/),
    })
    const slip = await packed('slip.json', '2032-01-01', (book) => ({
      ...book,
      skus: book.skus.map((sku) => ({ ...sku, rates: sku.rates.map((rate) => ({ ...rate, price: '4000' })) })),
    }))
    expect(await run(['update', slip, '--yes'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('fails the price lint'),
    })
  })

  test('another checksum than the one expected, plain http and private addresses are refused', async () => {
    const file = await packed('sum.json', '2033-01-01', cheaper)
    expect(await run(['update', file, '--sha256', '0'.repeat(64), '--yes'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('SHA-256'),
    })
    expect(await run(['update', 'http://example.com/prices.json', '--yes'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('not https'),
    })
    expect(await run(['update', 'https://127.0.0.1/prices.json', '--yes'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('public address'),
    })
    expect(await run(['update', 'missing.json', '--yes'])).toMatchObject({ code: 2 })
  })

  test('an installed file that was changed by hand stops the start with file and remedy', async () => {
    const other = await makeFolder()
    try {
      const file = await packed('own.json', '2034-01-01', cheaper)
      const { code, stderr } = await runCli(['prices', 'update', join(cwd, file), '--yes'], { cwd: other })
      expect(code, stderr).toBe(0)
      await mkdir(join(other, '.halftone/prices'), { recursive: true })
      await writeFile(join(other, '.halftone/prices/2034-01-01/fx.json'), '{"rates": []}')
      const started = await runCli(['serve'], { cwd: other })
      expect(started).toMatchObject({ code: 3, stderr: expect.stringContaining('fx.json') })
      expect(started.stderr).toContain('prices rollback')
      const diagnosis = await runCli(['doctor'], { cwd: other })
      expect(diagnosis).toMatchObject({ code: 1, stdout: expect.stringMatching(/Prices\n x [\s\S]*fx\.json[\s\S]*rollback/) })
      expect((await runCli(['prices', 'rollback', '--yes'], { cwd: other })).code).toBe(0)
    } finally {
      await removeFolder(other)
    }
  })
})

describe('prices rerate and drafts', () => {
  // A dozen processes, one after the other.
  test('correct the past through the gateway, change nothing the second time, and work on a stopped one', {
    timeout: 240_000,
  }, async () => {
    const own = await makeFolder()
    let served = await serve(own)
    const at = (args: readonly string[]) => runAgainst(own, served, args)
    const total = async (id: string) => JSON.parse((await at(['receipt', id, '--json'])).stdout).total_usd
    try {
      const made = JSON.parse((await at(['generate', 'a fox', '--model', 'sandbox/batch', '--json'])).stdout)
      const id = made.halftone?.request_id ?? made.request_id
      const before = await total(id)
      const file = join(cwd, await packed('rerate.json', '2035-01-01', cheaper))
      expect((await at(['prices', 'update', file, '--yes'])).code).toBe(0)
      const dry = await vi.waitFor(async () => {
        const { stdout } = await at(['prices', 'rerate', '--since', '2020-01-01', '--dry-run'])
        expect(stdout).toContain('2035-01-01 installed')
        return stdout
      }, 20_000)
      expect(dry).toMatch(/Would correct +1, -\$0\.002 in all/)
      for (const line of dry.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
      expect(await total(id)).toBe(before)
      expect((await at(['prices', 'rerate', '--since', '2020-01-01'])).code).toBe(2)
      expect((await at(['prices', 'rerate', '--since', 'never', '--yes'])).code).toBe(2)
      expect((await at(['prices', 'rerate', '--since', '2020-01-01', '--yes'])).stdout).toMatch(/Corrected +1, -\$0\.002/)
      expect(await total(id)).not.toBe(before)
      expect((await at(['receipt', id])).stdout).toMatch(
        /Price corrected: \$0\.02 -> \$0\.016[\s\S]*correction, metered[\s\S]*-\$0\.01 -> -\$0\.008/,
      )
      expect((await at(['prices', 'rerate', '--since', '2020-01-01', '--yes'])).stdout).toMatch(/Corrected +0/)
      expect((await at(['prices', 'drafts'])).stdout).toContain('No drafted price')
      expect(await at(['prices', 'accept', 'none', '--yes'])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('no drafted price'),
      })
      await served.stop()
      // Stopped: the same commands on its ledger, and the correction goes back with the prices.
      expect((await runCli(['prices', 'rollback', '--yes'], { cwd: own })).code).toBe(0)
      const config = ['--config', 'stopped.yaml']
      await writeFile(join(own, 'stopped.yaml'), 'server: {port: 9}\nsandbox: {latencyScale: 0}\nlog: {level: error}\n')
      const offline = await runCli(['prices', 'rerate', '--since', '2020-01-01', '--yes', '--json', ...config], { cwd: own })
      expect({ code: offline.code, report: JSON.parse(offline.stdout) }).toMatchObject({
        code: 0,
        report: { corrected: 1, corrected_usd: '0.002' },
      })
      expect((await runCli(['prices', 'drafts', ...config], { cwd: own })).stdout).toContain('No drafted price')
      served = await serve(own)
      expect(await total(id)).toBe(before)
    } finally {
      await served.stop()
      await removeFolder(own)
    }
  })
})
