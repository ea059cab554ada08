/** What is known of offers, as `halftone models --facts` shows it and as `halftone doctor --provider` asks for it. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { compatibleProvider } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'
import { makeFolder, removeFolder, runAgainst, type Served, serve } from './gateway.ts'
import { runCli } from './run-cli.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const checkedAt = '2026-11-01'
const some = { region: ['eu'], retention: 0, training: 'no', checkedAt, note: 'our agreement' }
const whole = { ...some, licence: 'commercial', watermark: 'none' }

let double: ProviderDouble
let cwd: string
let gateway: Served
beforeAll(async () => {
  double = await startProviderDouble()
  const account = compatibleProvider(double, { models: ['acme/painter'] })
  cwd = await makeFolder(
    JSON.stringify({
      server: { port: 0 },
      log: { level: 'error' },
      providers: { open: account, some: { ...account, facts: some }, whole: { ...account, facts: whole } },
    }),
  )
  gateway = await serve(cwd)
})
afterAll(async () => {
  await gateway?.stop()
  await double?.close()
  await removeFolder(cwd)
})

const models = (...args: string[]) => runAgainst(cwd, gateway, ['models', '--facts', ...args])

describe('halftone models --facts', () => {
  test('has a line for each offer, and a dash for what is not known', async () => {
    const { code, stdout } = await models('--provider', 'some')
    expect(code).toBe(0)
    const [head = '', line = ''] = stdout.split('\n')
    expect(head.trim().split(/\s+/)).toEqual(['OFFER', 'REGION', 'RETENTION', 'TRAINING', 'LICENCE', 'WATERMARK'])
    expect(line.trim().split(/\s{2,}/)).toEqual(['some:acme/painter', 'eu', '0 days', 'no', '-', '-'])
    expect(stdout).toContain('- is unknown, which meets no requirement of a route')
    for (const each of stdout.split('\n')) expect(each.length, each).toBeLessThanOrEqual(80)
  })

  test('has no line for models and routes, whose facts are those of whichever offer serves', async () => {
    const { stdout } = await models()
    const offers = stdout.split('\n').flatMap((line) => /^(\S+:\S+)/.exec(line)?.[1] ?? [])
    expect(offers.sort()).toEqual(['open:acme/painter', 'some:acme/painter', 'whole:acme/painter'])
  })

  test('of one offer in full, each with who says so and since when', async () => {
    const { stdout } = await runAgainst(cwd, gateway, ['models', 'some:acme/painter'])
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`Region eu (operator, ${checkedAt}: providers.some.facts)`)
    expect(stdout).toMatch(/Watermark\s+unknown/)
  })
})

describe('halftone doctor --provider names the facts that no route can require', () => {
  interface Finding {
    readonly level: string
    readonly message: string
    readonly remedy?: string
  }
  const findings = async (name: string): Promise<readonly Finding[]> => {
    const { stdout } = await runCli(['doctor', '--provider', name, '--json'], { cwd })
    return (JSON.parse(stdout) as { findings: readonly Finding[] }).findings
  }
  test.each([
    ['open', 'region, retention, training, licence, watermark'],
    ['some', 'licence, watermark'],
  ])('%s: %s', async (name, unknown) => {
    const found = await findings(name)
    expect(found).toContainEqual(
      expect.objectContaining({
        level: 'notice',
        message: `unknown, so routes that require it pass it over: ${unknown}`,
        remedy: expect.stringContaining(`Set providers.${name}.facts`),
      }),
    )
  })

  test('and says so where all are known', async () => {
    const message = 'region, retention, training, licence and watermark are known'
    expect(await findings('whole')).toContainEqual(expect.objectContaining({ level: 'ok', message }))
  })
})
