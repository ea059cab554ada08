import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { planOfFlags } from './accounts.ts'
import { editConfig } from './edit-config.ts'

const plain = { options: [], findsModels: false }
const project = { name: 'project', description: 'The cloud project.' }
const choices = [
  { ...plain, type: 'main', needsBaseUrl: false, requiresKey: true, variable: 'MAIN_API_KEY' },
  { ...plain, type: 'any-server', needsBaseUrl: true, requiresKey: false, variable: undefined },
  { ...plain, type: 'garage', needsBaseUrl: true, requiresKey: false, variable: undefined, findsModels: true },
  { ...plain, type: 'cloud', needsBaseUrl: false, requiresKey: true, variable: 'CLOUD_KEY', options: [project] },
]

describe('the plan of flags', () => {
  test('a known kind takes its usual variable, a named one a variable of its name', () => {
    const flags = {
      provider: ['main', 'eu=main', 'gpu-1=any-server'],
      baseUrl: ['gpu-1=http://10.0.0.5/v1'],
      models: ['gpu-1=a, b'],
      perImage: ['gpu-1=0'],
      maxUsdPerDay: '2.50',
    }
    expect(planOfFlags(flags, choices, {})).toEqual({
      accounts: [
        { name: 'main', type: 'main', key: { kind: 'variable', variable: 'MAIN_API_KEY' } },
        { name: 'eu', type: 'main', key: { kind: 'variable', variable: 'EU_API_KEY' } },
        { name: 'gpu-1', type: 'any-server', baseUrl: 'http://10.0.0.5/v1', models: ['a', 'b'], perImage: '0' },
      ],
      maxUsdPerDay: '2.50',
    })
  })

  test('a server that needs no key gets one when its variable is set', () => {
    const plan = planOfFlags({ provider: ['gpu=any-server'], baseUrl: ['gpu=http://x/v1'], models: ['gpu=m'] }, choices, {
      GPU_API_KEY: 'k',
    })
    expect(plan.accounts[0]?.key).toEqual({ kind: 'variable', variable: 'GPU_API_KEY' })
  })

  test('what a kind cannot do without is taken and written; models that a server tells are not asked for', () => {
    const flags = {
      provider: ['cloud', 'garage'],
      option: ['cloud.project=fox'],
      baseUrl: ['garage=http://10.0.0.5'],
    }
    const plan = planOfFlags(flags, choices, {})
    expect(plan.accounts).toEqual([
      { name: 'cloud', type: 'cloud', key: { kind: 'variable', variable: 'CLOUD_KEY' }, options: { project: 'fox' } },
      { name: 'garage', type: 'garage', baseUrl: 'http://10.0.0.5' },
    ])
    expect(parse(editConfig(undefined, plan))).toEqual({
      providers: {
        cloud: { apiKey: '${CLOUD_KEY}', options: { project: 'fox' } },
        garage: { baseUrl: 'http://10.0.0.5' },
      },
    })
  })

  const wrong: readonly [rule: string, flags: Parameters<typeof planOfFlags>[0], message: string][] = [
    ['an unknown kind', { provider: ['mian'] }, '"mian" is no kind'],
    ['a missing option', { provider: ['cloud'] }, 'needs the option project. The cloud project.'],
    ['an option of nothing', { provider: ['cloud'], option: ['project=fox'] }, 'names no option'],
    ['a missing address', { provider: ['any-server'] }, 'needs an address'],
    ['a server without models', { provider: ['any-server'], baseUrl: ['any-server=http://x'] }, 'Nobody knows which models'],
    ['an address of nobody', { baseUrl: ['x=http://y'] }, 'no --provider named "x"'],
    ['a pair without value', { provider: ['main'], keyEnv: ['main'] }, 'has no value'],
    ['an amount that is none', { maxUsdPerDay: '1e3' }, 'not an amount'],
  ]
  for (const [rule, flags, message] of wrong) {
    test(`${rule} is a usage error`, () => {
      expect(() => planOfFlags(flags, choices, {})).toThrowError(
        expect.objectContaining({ exit: 'usage', message: expect.stringContaining(message) }),
      )
    })
  }
})

describe('the file', () => {
  const account = { name: 'main', type: 'main', key: { kind: 'variable', variable: 'MAIN_API_KEY' } } as const

  test('a new one holds references, not keys', () => {
    const text = editConfig(undefined, {
      accounts: [{ ...account, key: { ...account.key, secret: 'typed' } }],
      maxUsdPerDay: '10',
    })
    expect(parse(text)).toEqual({ providers: { main: { apiKey: `\${MAIN_API_KEY}` } }, maxUsdPerDay: 10 })
    expect(text).not.toContain('typed')
  })

  test('comments, order and other settings of an existing one stay', () => {
    const before = '# ours\nserver:\n  port: 80 # old\nproviders:\n  # the account\n  main:\n    timeoutMs: 5000\n'
    const text = editConfig(before, { accounts: [account] })
    expect(text).toBe(`${before}    apiKey: \${MAIN_API_KEY}\n`)
  })

  test('a key as text cannot be taken for a reference', () => {
    const text = editConfig(undefined, { accounts: [{ name: 'main', type: 'main', key: { kind: 'text', secret: `a\${B}` } }] })
    expect(parse(text).providers.main.apiKey).toBe(`a$\${B}`)
  })

  test('models and their price', () => {
    const text = editConfig(undefined, { accounts: [{ name: 'gpu', type: 'any-server', models: ['a', 'b'], perImage: '0.02' }] })
    expect(parse(text).providers.gpu).toEqual({ type: 'any-server', models: ['a', 'b'], prices: { '*': { perImage: 0.02 } } })
  })

  test('an entry with nothing to say names its type', () => {
    expect(parse(editConfig(undefined, { accounts: [{ name: 'main', type: 'main' }] }))).toEqual({
      providers: { main: { type: 'main' } },
    })
  })

  test('an amount that a number cannot hold stays text', () => {
    expect(parse(editConfig(undefined, { accounts: [], maxUsdPerDay: '2.50' })).maxUsdPerDay).toBe('2.50')
  })

  test('a broken file is not touched', () => {
    expect(() => editConfig('a: [', { accounts: [account] })).toThrowError(expect.objectContaining({ exit: 'config' }))
  })
})
