/** `halftone verify` against a double: what it buys, what it finds, and that the ledger and `doctor` know of it. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type AcmeDouble, startAcmeDouble } from '../support/doubles/acme-pictures.ts'
import { makeFolder, removeFolder, runAgainst, type Served, serve } from './gateway.ts'
import { runCli } from './run-cli.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 })

const module = resolve(import.meta.dirname, '../../examples/custom-provider/acme-pictures.mjs')
let double: AcmeDouble
let cwd: string
let gateway: Served | undefined

const configOf = (changes: object = {}): string =>
  JSON.stringify({
    server: { port: 0 },
    log: { level: 'error' },
    providers: {
      acme: {
        module,
        baseUrl: double.baseUrl,
        apiKey: 'k1',
        prices: { 'acme/brush': { perImage: '0.02' }, 'acme/scissors': { perImage: '0.005' } },
        ...changes,
      },
    },
  })

beforeEach(async () => {
  double = await startAcmeDouble()
  cwd = await makeFolder(configOf())
})
afterEach(async () => {
  await gateway?.stop()
  gateway = undefined
  await double.close()
  await removeFolder(cwd)
})

interface Answer {
  readonly probes: readonly { readonly offer: string; readonly operation: string; readonly max_usd: string }[]
  readonly left_out: readonly { readonly offer: string; readonly reason: string }[]
  readonly results: readonly { readonly offer: string; readonly cost_usd: string; readonly departures: readonly string[] }[]
}
async function verify(...args: readonly string[]): Promise<{ code: number | null; answer: Answer; stderr: string }> {
  gateway ??= await serve(cwd)
  const { code, stdout, stderr } = await runAgainst(cwd, gateway, ['verify', '--json', ...args])
  return { code, stderr, answer: stdout.startsWith('{') ? JSON.parse(stdout) : { probes: [], left_out: [], results: [] } }
}

describe('verify', () => {
  test('buys one small picture of each offer, and all is as said', async () => {
    const { code, answer, stderr } = await verify('acme', '--yes')
    expect([code, stderr.replace(/^acme:.*\n/gm, '')]).toEqual([0, ''])
    expect(answer.probes.map(({ offer, operation }) => [offer, operation])).toEqual([
      ['acme:acme/scissors', 'remove_background'],
      ['acme:acme/brush', 'generate'],
    ])
    expect(answer.results).toMatchObject([
      { offer: 'acme:acme/scissors', cost_usd: '0.005', departures: [] },
      { offer: 'acme:acme/brush', cost_usd: '0.02', departures: [] },
    ])
    expect(double.jobs).toHaveLength(2)
  })

  test('is in the ledger like any request, and doctor says when it was', async () => {
    await verify('--yes')
    if (!gateway) throw new Error('no gateway')
    const requests = JSON.parse((await runAgainst(cwd, gateway, ['requests', '--json'])).stdout) as { data: { group: string }[] }
    expect(requests.data.map(({ group }) => group)).toEqual(['verify', 'verify'])
    const remembered = JSON.parse(await readFile(join(cwd, '.halftone/verified.json'), 'utf8')) as { offers: object }
    expect(Object.keys(remembered.offers).sort()).toEqual(['acme:acme/brush', 'acme:acme/scissors'])
    const { stdout } = await runAgainst(cwd, gateway, ['doctor', '--provider', 'acme'])
    expect(stdout).toMatch(new RegExp(`verified on ${new Date().toISOString().slice(0, 10)}`))
  })

  test('names another price and another size, and ends with 1', async () => {
    double.brushCost = '0.03'
    double.shrinks = true
    const { code, answer } = await verify('--yes')
    expect(code).toBe(1)
    const [scissors, brush] = answer.results
    expect(scissors?.departures).toEqual(['the picture is 64x512, 512x512 was said'])
    expect(brush?.departures.join()).toMatch(/64x1024, 1024x1024 was said.*\$0\.03, at most \$0\.02 was said.*charged 0\.03 USD/)
  })

  test('names a key that does not work, and spends nothing', async () => {
    double.refusedKeys.add('k1')
    const { code, answer } = await verify('--yes')
    expect(code).toBe(1)
    expect(answer.results.map(({ departures }) => departures[0])).toEqual([
      expect.stringMatching(/^provider_auth: /),
      expect.stringMatching(/^provider_auth: /),
    ])
    expect(double.jobs).toEqual([])
  })

  test('buys nothing beyond --max-spend, and says what it left out', async () => {
    const { answer } = await verify('--max-spend', '0.01', '--yes')
    expect(answer.results.map(({ offer }) => offer)).toEqual(['acme:acme/scissors'])
    expect(answer.left_out).toEqual([{ offer: 'acme:acme/brush', reason: expect.stringContaining('the most that may be spent') }])
    expect(double.jobs).toHaveLength(1)
  })

  test('buys nothing unasked, nor when only asked what it would buy', async () => {
    expect((await verify()).code).toBe(2)
    const { code, answer } = await verify('--dry-run')
    expect([code, answer.probes.length, answer.results]).toEqual([0, 2, []])
    expect(double.jobs).toEqual([])
  })

  test('without a running gateway it uses one of its own, over the same ledger', async () => {
    const { code, stdout } = await runCli(['verify', '--yes', '--json'], { cwd })
    expect(code).toBe(0)
    expect((JSON.parse(stdout) as Answer).results.map(({ departures }) => departures)).toEqual([[], []])
    gateway = await serve(cwd)
    const requests = JSON.parse((await runAgainst(cwd, gateway, ['requests', '--json'])).stdout) as { data: unknown[] }
    expect(requests.data).toHaveLength(2)
  })
})
