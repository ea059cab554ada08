/** `halftone doctor --provider`: what is missing is named, with what to do. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { compatibleProvider } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'
import { makeFolder, removeFolder } from './gateway.ts'
import { runCli } from './run-cli.ts'

vi.setConfig({ testTimeout: 60_000 })

let double: ProviderDouble
let cwd: string
beforeEach(async () => {
  double = await startProviderDouble()
})
afterEach(async () => {
  await double.close()
  await removeFolder(cwd)
})

interface Finding {
  readonly level: string
  readonly message: string
  readonly remedy?: string
}

async function doctor(
  name: string,
  config: object,
  env: Record<string, string> = {},
): Promise<{ code: number | null; findings: readonly Finding[] }> {
  cwd = await makeFolder(JSON.stringify(config))
  const { code, stdout, stderr } = await runCli(['doctor', '--provider', name, '--json'], { cwd, env })
  expect(stdout, stderr).toMatch(/^\{/)
  return { code, findings: (JSON.parse(stdout) as { findings: readonly Finding[] }).findings }
}
const found = (findings: readonly Finding[], level: string): readonly string[] =>
  findings.filter((it) => it.level === level).map(({ message, remedy = '' }) => `${message} -> ${remedy}`)

describe('doctor --provider', () => {
  test('of a type that is not configured says which variable or key of the file is missing', async () => {
    const { code, findings } = await doctor('openai', {})
    expect(code).toBe(1)
    expect(found(findings, 'wrong')).toEqual([
      'openai: not configured -> Set OPENAI_API_KEY, or add providers.openai to halftone.yaml.',
    ])
    expect(findings.map(({ message }) => message)).toContain('OPENAI_API_KEY is not set')
  })

  test('of a type without an address of its own asks for one', async () => {
    const { findings } = await doctor('openai-compatible', {})
    expect(found(findings, 'wrong')[0]).toContain('Add providers.openai-compatible with baseUrl')
  })

  test('of a name that is nothing shows what it may have been meant to be', async () => {
    const { findings } = await doctor('opnai', {})
    expect(found(findings, 'wrong')[0]).toContain('Did you mean openai?')
  })

  test('of a working one says what it offers, what has no price, and that it was never verified', async () => {
    const models = ['acme/painter', 'acme/sculptor']
    const provider = { ...compatibleProvider(double, { models }), prices: { 'acme/painter': { perImage: '0.04' } } }
    const { code, findings } = await doctor('double', { providers: { double: provider } })
    expect(code).toBe(0)
    expect(found(findings, 'notice').join('\n')).toMatch(
      /without a price and never chosen: double:acme\/sculptor -> Set providers\.double\.prices/,
    )
    expect(found(findings, 'notice').join('\n')).toMatch(/double was never verified -> `halftone verify double`/)
    expect(found(findings, 'ok').join('\n')).toMatch(/2 offers/)
    expect(double.billed).toEqual([])
  })

  test('of one that cannot be reached says so', async () => {
    const provider = compatibleProvider(double, { models: ['acme/painter'] })
    await double.close()
    const { code, findings } = await doctor('double', { providers: { double: provider } })
    expect(code).toBe(1)
    expect(found(findings, 'wrong').join('\n')).toMatch(/No connection to the provider/)
  })

  test('of one that lacks its key names the variable', async () => {
    const { code, findings } = await doctor('openai', { providers: { openai: {} } })
    expect(code).toBe(1)
    expect(found(findings, 'wrong').join('\n')).toContain(
      'openai: has no API key -> Set OPENAI_API_KEY, or add apiKey to providers.openai.',
    )
  })
})
