/** What the file may say about provider types: options, several keys, usual variables, modules. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { brief, type ConfigFolder, createConfigFolder } from '../../test/support/config.ts'
import type { ModuleResult } from './load.ts'

let folder: ConfigFolder
beforeAll(async () => {
  folder = await createConfigFolder()
})
afterAll(() => folder.remove())

const options = z.strictObject({
  project: z.string().describe('The cloud project.'),
  location: z.string().default('global').describe('Where it runs.'),
})
const kinds = {
  providerTypes: ['openai', 'cloud', 'roomy'],
  optionsOf: (type: string) => (type === 'cloud' ? options : type === 'roomy' ? options.partial({ project: true }) : undefined),
  providerVariables: [
    { variable: 'CLOUD_KEY', name: 'cloud', type: 'cloud', enables: false },
    { variable: 'ROOMY_KEY', name: 'roomy', type: 'roomy', enables: true },
    { variable: 'ROOMY_API_KEY', name: 'roomy', type: 'roomy', enables: true },
  ],
}

describe('options', () => {
  it('are held to the schema of the type, its defaults filled in', async () => {
    const { config } = await folder.load('providers:\n  cloud:\n    apiKey: k\n    options: {project: fox}\n', kinds)
    expect(config.providers['cloud']?.options).toEqual({ project: 'fox', location: 'global' })
  })

  it.each([
    [
      'a key it does not know',
      '    options: {project: fox, locatoin: x}',
      'halftone.yaml:4:29 providers.cloud.options.locatoin: is not a known key',
      'Did you mean location?',
    ],
    [
      'a value of another type',
      '    options:\n      project: 7',
      'halftone.yaml:5:16 providers.cloud.options.project: must be text',
      'Put the value in quotes.',
    ],
    [
      'one that is missing',
      '    options: {}',
      'halftone.yaml:4:14 providers.cloud.options.project: is missing',
      'Add it. Meaning: The cloud project.',
    ],
    [
      'all that are missing',
      '',
      'halftone.yaml:3:5 providers.cloud.options.project: is missing',
      'Add it. Meaning: The cloud project.',
    ],
  ])('%s is a problem with its place and what to do', async (_, lines, problem, remedy) => {
    const { problems } = await folder.failure(`providers:\n  cloud:\n    apiKey: k\n${lines}\n`, kinds)
    expect(problems.map(brief)).toEqual([problem])
    expect(problems[0]?.remedy).toBe(remedy)
  })

  it('of a type that takes none are refused', async () => {
    const { problems } = await folder.failure('providers:\n  openai:\n    apiKey: k\n    options: {a: 1}\n', kinds)
    expect(problems.map(brief)).toEqual([
      'halftone.yaml:4:5 providers.openai.options: has no meaning: the type openai takes none',
    ])
  })
})

describe('keys', () => {
  const env = { ONE: 'sk-one', TWO: 'sk-two' }
  it('apiKeys are the keys of one account, in order', async () => {
    const text = 'providers:\n  openai:\n    apiKeys: [{env: ONE}, "${TWO}", sk-three]\n'
    const { apiKey, moreApiKeys } = (await folder.load(text, { ...kinds, env })).config.providers['openai'] ?? {}
    expect([apiKey, ...(moreApiKeys ?? [])].map((key) => key?.reveal())).toEqual(['sk-one', 'sk-two', 'sk-three'])
  })

  it('apiKey and apiKeys exclude each other', async () => {
    const { problems } = await folder.failure('providers:\n  openai:\n    apiKey: a\n    apiKeys: [b]\n', kinds)
    expect(problems.map(brief)).toEqual(['halftone.yaml:4:5 providers.openai.apiKeys: cannot be given with apiKey'])
  })

  it('a variable in the list that is not set is named with its place', async () => {
    const { problems } = await folder.failure('providers:\n  openai:\n    apiKeys: [a, {env: NONE}]\n', kinds)
    expect(problems.map(brief)).toEqual([
      'halftone.yaml:3:24 providers.openai.apiKeys[1].env: the environment variable NONE is not set',
    ])
  })
})

describe('usual variables', () => {
  const names = async (env: Record<string, string>, yaml?: string) =>
    (await folder.load(yaml ?? '{}', { ...kinds, env })).config.providers

  it('one that is set enables its provider, with the defaults of its options', async () => {
    const { roomy } = await names({ ROOMY_API_KEY: 'sk' })
    expect(roomy).toMatchObject({ type: 'roomy', managedBy: 'environment', options: { location: 'global' } })
  })

  it('of two the first wins, and the provider is there once', async () => {
    const providers = await names({ ROOMY_API_KEY: 'second', ROOMY_KEY: 'first' })
    expect(Object.keys(providers)).toEqual(['roomy'])
    expect(providers['roomy']?.apiKey?.reveal()).toBe('first')
  })

  it('a provider that needs more than a key is not enabled by it, but takes it when the file says the rest', async () => {
    expect(await names({ CLOUD_KEY: 'sk' })).toEqual({})
    const { cloud } = await names({ CLOUD_KEY: 'sk' }, 'providers:\n  cloud:\n    options: {project: fox}\n')
    expect(cloud?.apiKey?.reveal()).toBe('sk')
  })

  it('a missing key is a warning that names them all', async () => {
    const { warnings } = await folder.load('providers:\n  roomy: {}\n', kinds)
    expect(warnings[0]?.remedy).toBe('Set ROOMY_KEY or ROOMY_API_KEY, or add apiKey.')
  })
})

describe('modules', () => {
  const asked: string[] = []
  const load = (result: ModuleResult) => ({
    ...kinds,
    loadModule: async (path: string) => {
      asked.push(path)
      return result
    },
  })

  it('the type is that of the module, and its options are checked', async () => {
    const text = 'providers:\n  mine:\n    module: ./lib/mine.mjs\n    apiKey: k\n    options: {project: fox}\n'
    const { config } = await folder.load(text, load({ kind: 'loaded', type: 'my-type', options }))
    expect(asked).toEqual([`${folder.cwd}/lib/mine.mjs`])
    expect(config.providers['mine']).toMatchObject({
      type: 'my-type',
      module: `${folder.cwd}/lib/mine.mjs`,
      options: { project: 'fox', location: 'global' },
    })
  })

  it.each([
    ['no path', 'module: mine', 'halftone.yaml:3:13 providers.mine.module: must be a path'],
    [
      'a type beside it',
      'module: ./a.mjs\n    type: openai',
      'halftone.yaml:4:5 providers.mine.type: cannot be given with module',
    ],
  ])('%s is refused', async (_, lines, problem) => {
    const { problems } = await folder.failure(`providers:\n  mine:\n    ${lines}\n`, load({ kind: 'loaded', type: 'x' }))
    expect(problems.map(brief)).toEqual([problem])
  })

  it('one that does not load says why, where it is named', async () => {
    const failed: ModuleResult = { kind: 'failed', message: 'is no file', remedy: 'Correct the path.' }
    const { problems } = await folder.failure('providers:\n  mine:\n    module: ./a.mjs\n', load(failed))
    expect(problems.map(brief)).toEqual(['halftone.yaml:3:13 providers.mine.module: is no file'])
    expect(problems[0]?.remedy).toBe('Correct the path.')
  })
})
