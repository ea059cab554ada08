import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Offer } from '../core/offer.ts'
import { compilePriceBooks, type PricingInput, quoteCandidate } from '../core/pricing/index.ts'
import { describeConfig } from './describe.ts'
import { type LoadedConfig, type LoadOptions, loadConfig } from './load.ts'
import { ConfigError, type ConfigProblem } from './problem.ts'
import { Secret } from './secret.ts'

let cwd: string
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'halftone-config-'))
})
afterEach(() => rm(cwd, { recursive: true, force: true }))

type Options = Partial<Omit<LoadOptions, 'cwd'>>
const providerTypes = ['openai', 'openai-compatible', 'sandbox']

async function load(yaml: string | undefined, options: Options = {}): Promise<LoadedConfig> {
  if (yaml !== undefined) await writeFile(join(cwd, 'halftone.yaml'), yaml)
  return loadConfig({ env: {}, cwd, providerTypes, ...options })
}

async function failure(yaml: string | undefined, options: Options = {}): Promise<ConfigError> {
  const error = await load(yaml, options).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ConfigError)) throw new Error(`Expected a ConfigError, got ${String(error)}`)
  return error
}

/** A plain request for `n` images of 1024x1024. */
function pricingInput(provider: string, model: string, n: number): PricingInput {
  const size = { width: 1024, height: 1024 }
  const offer: Offer = {
    id: `${provider}:${model}`,
    provider,
    providerType: 'openai-compatible',
    model,
    wireModel: model,
    sandbox: false,
    capabilities: {
      operations: ['generate'],
      sizes: { kind: 'any' },
      defaultSize: size,
      qualities: [],
      maxN: 4,
      formats: ['png'],
      defaultFormat: 'png',
      backgrounds: [],
      maxInputs: 0,
      mask: false,
      maxPromptChars: 1000,
      parameters: [],
      cancelStopsBilling: false,
      asyncJobs: false,
    },
  }
  return {
    candidate: { offer, settings: { size, format: 'png', n }, warnings: [] },
    request: {
      operation: 'generate',
      model,
      prompt: 'a cat',
      n,
      inputs: [],
      stream: false,
      partialImages: 0,
      responseFormat: 'b64_json',
      attribution: { tags: {} },
      extraBody: {},
    },
    promptComplexity: 0,
    atUs: Date.UTC(2026, 0, 1) * 1000,
  }
}

const brief = ({ source, line, column, path, message }: ConfigProblem): string =>
  `${source}${line === undefined ? '' : `:${line}:${column}`} ${path}: ${message}`

describe('defaults', () => {
  test('nothing configured: the documented defaults, one route, no provider', async () => {
    const { config, file, warnings } = await load(undefined)
    expect(file).toBeUndefined()
    expect(warnings).toEqual([])
    expect(config.server).toEqual({
      host: '127.0.0.1',
      port: 7788,
      trustedProxies: [],
      maxBodyBytes: 256 * 1024 ** 2,
      maxImageBytes: 50 * 1024 ** 2,
      maxImagePixels: 64_000_000,
      maxConcurrentRequests: 4096,
      drainSeconds: 60,
      onDisconnect: 'finish',
    })
    expect(config.storage).toMatchObject({
      dataDir: join(cwd, '.halftone'),
      transferBudgetBytes: 64 * 1024 ** 2,
      assetTtlDays: 30,
    })
    expect(Object.keys(config.routes)).toEqual(['auto'])
    expect(config.providers).toEqual({})
    expect(config.budgets).toEqual([])
  })

  test.each(['', '# only a comment\n', '---\n', 'server:\n  {}\n'])('an empty file is the same as none: %j', async (yaml) => {
    expect((await load(yaml)).config).toEqual((await loadConfig({ env: {}, cwd })).config)
  })

  test('the snapshot is frozen all through', async () => {
    const { config } = await load(
      'providers: {openai: {apiKey: abc, models: [gpt-image-2]}}\nbudgets: [{id: a, period: day, limitUsd: 1}]',
    )
    const unfrozen: string[] = []
    const walk = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return
      if (!Object.isFrozen(value)) unfrozen.push(path)
      for (const [key, inner] of Object.entries(value)) walk(inner, `${path}.${key}`)
    }
    walk(config, 'config')
    expect(unfrozen).toEqual([])
  })

  test('names of object methods are absent unless configured', async () => {
    const { config } = await load('providers: {local: {type: openai-compatible}}')
    expect(config.providers['constructor']).toBeUndefined()
    expect(config.routes['toString']).toBeUndefined()
  })
})

describe('precedence', () => {
  const yaml = 'server: {port: 1111, host: 0.0.0.0}\nlog: {level: warn}\n'
  test.each<[string, string | undefined, Options, number]>([
    ['default', undefined, {}, 7788],
    ['file over default', yaml, {}, 1111],
    ['environment over file', yaml, { env: { HALFTONE_PORT: '2222' } }, 2222],
    ['flag over environment', yaml, { env: { HALFTONE_PORT: '2222' }, flags: { port: '3333' } }, 3333],
    ['flag over file', yaml, { flags: { port: '3333' } }, 3333],
  ])('%s', async (_, text, options, port) => {
    expect((await load(text, options)).config.server.port).toBe(port)
  })

  test('every variable reaches its key', async () => {
    const { config } = await load(undefined, {
      env: {
        HALFTONE_HOST: '::1',
        HALFTONE_PORT: '0',
        HALFTONE_DATA_DIR: 'data',
        HALFTONE_PUBLIC_URL: 'https://img.example.com/base/',
        HALFTONE_MAX_USD_PER_DAY: '12.5',
        HALFTONE_LOG_LEVEL: 'debug',
        HALFTONE_ADMIN_KEY: 'an-admin-key-of-some-length',
        DATABASE_URL: 'postgres://u:p@db/halftone',
      },
    })
    expect(config.server).toMatchObject({ host: '::1', port: 0, publicUrl: 'https://img.example.com/base' })
    expect(config.storage.dataDir).toBe(join(cwd, 'data'))
    expect(config.storage.databaseUrl?.reveal()).toBe('postgres://u:p@db/halftone')
    expect(config.log.level).toBe('debug')
    expect(config.adminKey?.reveal()).toBe('an-admin-key-of-some-length')
    expect(config.budgets).toEqual([
      {
        id: 'max-usd-per-day',
        scope: 'global',
        scopeValue: '',
        period: 'day',
        limitNanoUsd: 12_500_000_000n,
        hard: true,
        managedBy: 'environment',
      },
    ])
  })

  test('an overridden mistake in the file is still a mistake', async () => {
    const error = await failure('server:\n  port: many\n', { env: { HALFTONE_PORT: '80' } })
    expect(error.problems.map(brief)).toEqual(['halftone.yaml:2:9 server.port: must be a number'])
  })

  test('paths in the file are relative to the file, in variables to the working folder', async () => {
    await mkdir(join(cwd, 'etc'))
    await writeFile(join(cwd, 'etc/h.yaml'), 'storage: {dataDir: data}')
    const env = { HALFTONE_CONFIG: 'etc/h.yaml' }
    expect((await loadConfig({ env, cwd })).config.storage.dataDir).toBe(join(cwd, 'etc/data'))
    expect((await loadConfig({ env: { ...env, HALFTONE_DATA_DIR: 'data' }, cwd })).config.storage.dataDir).toBe(join(cwd, 'data'))
  })
})

describe('environment', () => {
  test.each<[string, Record<string, string>, string]>([
    ['not a number', { HALFTONE_PORT: 'http' }, 'HALFTONE_PORT server.port: must be a number'],
    ['out of range', { HALFTONE_PORT: '70000' }, 'HALFTONE_PORT server.port: must be at most 65535'],
    ['empty', { HALFTONE_HOST: '' }, 'HALFTONE_HOST : is set but empty'],
    ['empty database', { DATABASE_URL: '' }, 'DATABASE_URL : is set but empty'],
    ['another database', { DATABASE_URL: 'mysql://x/y' }, 'DATABASE_URL storage.databaseUrl: must be a postgres:// URL'],
    ['bad money', { HALFTONE_MAX_USD_PER_DAY: '$5' }, 'HALFTONE_MAX_USD_PER_DAY maxUsdPerDay: must be a plain decimal'],
    ['bad level', { HALFTONE_LOG_LEVEL: 'verbose' }, 'HALFTONE_LOG_LEVEL log.level: must be trace'],
    ['short admin key', { HALFTONE_ADMIN_KEY: 'abc' }, 'HALFTONE_ADMIN_KEY HALFTONE_ADMIN_KEY: must have at least 16'],
    ['unknown variable', { HALFTONE_PROT: '80' }, 'HALFTONE_PROT : is not a known variable'],
    ['missing file', { HALFTONE_CONFIG: 'nope.yaml' }, 'nope.yaml : does not exist'],
    ['bad URL', { HALFTONE_PUBLIC_URL: 'ftp://x' }, 'HALFTONE_PUBLIC_URL server.publicUrl: must be an http or https URL'],
    ['provider key', { OPENAI_API_KEY: 'sk-a b' }, 'OPENAI_API_KEY OPENAI_API_KEY: must be printable ASCII'],
  ])('a set but invalid value stops the start: %s', async (_, env, expected) => {
    const { problems } = await failure(undefined, { env })
    expect(problems).toHaveLength(1)
    expect(brief(problems[0]!)).toContain(expected)
  })

  test('an unknown variable names the near match; variables of others and of the file are left alone', async () => {
    expect((await failure(undefined, { env: { HALFTONE_DATADIR: 'x' } })).message).toContain('Did you mean HALFTONE_DATA_DIR?')
    const yaml = 'projects: {a: {name: "${HALFTONE_TEAM}"}}\nkeys: {b: {env: HALFTONE_B_KEY}}'
    const env = { HALFTONE_TEAM: 'x', HALFTONE_B_KEY: '0123456789abcdef', HALFWAY: '1' }
    expect((await load(yaml, { env })).config.projects['a']?.name).toBe('x')
  })

  test.each<[string, string | undefined, Record<string, string>, string[]]>([
    ['the usual variable enables the provider', undefined, { OPENAI_API_KEY: 'sk-1' }, ['openai:sk-1']],
    ['empty means absent', undefined, { OPENAI_API_KEY: '' }, []],
    ['the file disables it', 'providers: {openai: {disabled: true}}', { OPENAI_API_KEY: 'sk-1' }, ['openai:none']],
    ['the file wins', 'providers: {openai: {apiKey: sk-2}}', { OPENAI_API_KEY: 'sk-1' }, ['openai:sk-2']],
    ['a file entry of the type is enough', 'providers: {prod: {type: openai}}', { OPENAI_API_KEY: 'sk-1' }, ['prod:sk-1']],
    [
      'the usual key never goes to another host',
      'providers: {prod: {type: openai, baseUrl: https://eu.example.com}}',
      { OPENAI_API_KEY: 'sk-1' },
      ['prod:none'],
    ],
    ['by reference', 'providers: {a: {type: openai, apiKey: {env: MY}}}', { MY: 'sk-3' }, ['a:sk-3']],
  ])('provider keys: %s', async (_, yaml, env, expected) => {
    const { config } = await load(yaml, { env })
    expect(Object.values(config.providers).map(({ name, apiKey }) => `${name}:${apiKey?.reveal() ?? 'none'}`)).toEqual(expected)
  })
})

describe('variables in the file', () => {
  test.each<[string, string, unknown]>([
    ['text', 'name: "${A}-${B}"', 'one-2'],
    ['default', 'name: ${MISSING:-plain}', 'plain'],
    ['an empty variable takes the default', 'name: ${EMPTY:-plain}', 'plain'],
    ['escape', 'name: $${A}', '${A}'],
  ])('%s', async (_, line, expected) => {
    const { config } = await load(`projects:\n  p:\n    ${line}\n`, { env: { A: 'one', B: '2', EMPTY: '' } })
    expect(config.projects['p']?.name).toBe(expected)
  })

  test('numbers and booleans are read where the schema wants them, text stays text', async () => {
    const yaml = 'server: {port: "${PORT}"}\nproviders: {openai: {apiKey: "${KEY}", disabled: "${OFF}"}}'
    const { config } = await load(yaml, { env: { PORT: '8080', KEY: '123456', OFF: 'true' } })
    expect(config.server.port).toBe(8080)
    expect(config.providers['openai']).toMatchObject({ disabled: true })
    expect(config.providers['openai']?.apiKey?.reveal()).toBe('123456')
  })
})

describe('problems', () => {
  const cases: [string, string, string[]][] = [
    ['duplicate key', 'log: {}\nlog: {}\n', ['halftone.yaml:2:1 : the key stands twice']],
    ['tab', 'server:\n\tport: 1\n', ['halftone.yaml:2:1 : a tab is used as indentation']],
    ['open bracket', 'server: {port: 1\n', ['halftone.yaml:2:1 : the indentation does not fit, or a bracket is not closed']],
    ['missing blank', 'log:\n  format: json\n  level:info\n', ['halftone.yaml:3:3 : a character is missing']],
    ['missing blank in the only key', 'log:\n  level:info\n', ['halftone.yaml:2:3 log: must be a mapping of keys to values']],
    ['two documents', 'log: {}\n---\nlog: {}\n', ['halftone.yaml:2:1 : there is more than one document']],
    ['unknown alias', 'log: *x\n', ['halftone.yaml:1:1 : an alias (*name) has no anchor']],
    ['reserved character', 'log: @x\n', ['halftone.yaml:1:6 : a value starts with a reserved character']],
    ['reserved key', 'providers:\n  __proto__: {}\n', ['halftone.yaml:2:3 : the key __proto__ cannot be used']],
    ['not a mapping', '- a\n', ['halftone.yaml:1:1 : must be a mapping of keys to values']],
    ['unknown key', 'server:\n  prot: 1\n', ['halftone.yaml:2:3 server.prot: is not a known key']],
    ['wrong type', 'server:\n  port: high\n', ['halftone.yaml:2:9 server.port: must be a number']],
    ['fraction', 'server:\n  port: 1.5\n', ['halftone.yaml:2:9 server.port: must be a whole number']],
    ['range', 'server: {port: 65536}\n', ['halftone.yaml:1:16 server.port: must be at most 65535']],
    ['empty value', 'server:\n  port:\n', ['halftone.yaml:2:3 server.port: is empty, and must be a number']],
    ['bytes', 'server: {maxBodyBytes: 5MB}\n', ['halftone.yaml:1:24 server.maxBodyBytes: must be a number of bytes']],
    ['proxy', 'server: {trustedProxies: [nginx]}\n', ['halftone.yaml:1:27 server.trustedProxies[0]: must be an IP address']],
    ['missing key', 'budgets:\n  - {id: a, limitUsd: 1}\n', ['halftone.yaml:2:5 budgets[0].period: is missing']],
    ['negative money', 'maxUsdPerDay: -1\n', ['halftone.yaml:1:15 maxUsdPerDay: must be a plain decimal']],
    ['exponent', 'maxUsdPerDay: 1e-7\n', ['halftone.yaml:1:15 maxUsdPerDay: must be a plain decimal']],
    ['too fine', 'maxUsdPerDay: "0.1234567891"\n', ['halftone.yaml:1:15 maxUsdPerDay: is finer than a nano-dollar']],
    ['unset variable', 'log: {level: "${LEVEL}"}\n', ['halftone.yaml:1:14 log.level: the environment variable LEVEL is not set']],
    ['broken variable', 'log: {level: "${LEVEL"}\n', ['halftone.yaml:1:14 log.level: "${" does not start a variable reference']],
    [
      'unset key',
      'providers: {openai: {apiKey: {env: K}}}\n',
      ['halftone.yaml:1:36 providers.openai.apiKey.env: the environment variable K'],
    ],
    ['provider type', 'providers: {a: {type: opnai}}\n', ['halftone.yaml:1:23 providers.a.type: is not a known provider type']],
    ['no type', 'providers: {a: {}}\n', ['halftone.yaml:1:13 providers.a: needs a type']],
    [
      'provider name',
      'providers: {"a:b": {type: openai}}\n',
      ['halftone.yaml:1:13 providers["a:..."]: the name must be 1 to 64'],
    ],
    [
      'sandbox name',
      'providers: {sandbox: {type: openai}}\n',
      ['halftone.yaml:1:13 providers.sandbox: is the name of the built-in sandbox'],
    ],
    [
      'credentials',
      'providers: {openai: {baseUrl: "https://u:p@x.y"}}\n',
      ['halftone.yaml:1:31 providers.openai.baseUrl: must not hold a user'],
    ],
    [
      'http',
      'providers: {openai: {baseUrl: "http://api.x.com"}}\n',
      ['halftone.yaml:1:31 providers.openai.baseUrl: is plain http to a public'],
    ],
    ['model', 'providers: {openai: {models: [a/b/c]}}\n', ['halftone.yaml:1:31 providers.openai.models[0]: must be a model id']],
    [
      'model twice',
      'providers: {openai: {models: [a/b, a/b]}}\n',
      ['halftone.yaml:1:36 providers.openai.models[1]: stands twice'],
    ],
    [
      'size',
      'providers: {openai: {models: [{model: a/b, sizes: [big]}]}}\n',
      ['halftone.yaml:1:51 providers.openai.models[0].sizes: must be any'],
    ],
    [
      'no price',
      'providers: {openai: {prices: {a/b: {}}}}\n',
      ['halftone.yaml:1:36 providers.openai.prices["a/b"]: must name either'],
    ],
    [
      'price rates',
      'providers: {openai: {prices: {a/b: {rates: [{id: r, meter: steps, price: 1, effectiveFrom: 2026-02-30}]}}}}\n',
      ['halftone.yaml:1:92 providers.openai.prices["a/b"].rates[0].effectiveFrom: must be a date'],
    ],
    [
      'meter',
      'providers: {openai: {prices: {a/b: {rates: [{id: r, meter: pics, price: 1, effectiveFrom: 2026-02-03}]}}}}\n',
      ['halftone.yaml:1:60 providers.openai.prices["a/b"].rates[0].meter: must be requests, images.out'],
    ],
    [
      'rate id twice',
      'providers: {openai: {prices: {a/b: {rates: [{id: r, meter: steps, price: 1, effectiveFrom: 2026-02-03}, {id: r, meter: requests, price: 1, effectiveFrom: 2026-02-03}]}}}}\n',
      [
        'halftone.yaml:1:36 providers.openai.prices["a/b"]: cannot be used: prices/openai: config:openai:a/b: rate r: this id is used twice',
      ],
    ],
    ['route name', 'routes: {a/b: {}}\n', ['halftone.yaml:1:10 routes["a/b"]: the name must be a name without "/" and ":"']],
    [
      'route provider',
      'routes: {r: {providers: [x]}}\n',
      ['halftone.yaml:1:26 routes.r.providers[0]: is not a configured provider'],
    ],
    ['reserved route', 'routes: {direct: {}}\n', ['halftone.yaml:1:10 routes.direct: is a reserved name']],
    ['alias quality', 'aliases: {a: b/c@best}\n', ['halftone.yaml:1:14 aliases.a: names an unknown quality']],
    ['alias and route', 'aliases: {auto: b/c}\n', ['halftone.yaml:1:11 aliases.auto: is also the name of a route']],
    ['alias of alias', 'aliases: {a/b: c/d, c/d: e/f}\n', ['halftone.yaml:1:16 aliases["a/b"]: points to another alias']],
    ['key without secret', 'keys: {a: {}}\n', ['halftone.yaml:1:11 keys.a: must have exactly one of hash and env']],
    ['hash', 'keys: {a: {hash: abc}}\n', ['halftone.yaml:1:18 keys.a.hash: must be the hex SHA-256']],
    [
      'budget twice',
      'budgets:\n- {id: a, period: day, limitUsd: 1}\n- {id: a, period: day, limitUsd: 1}\n',
      ['halftone.yaml:3:8 budgets[1].id: is used twice'],
    ],
    [
      'scope value',
      'budgets: [{id: a, scope: key, period: day, limitUsd: 1}]\n',
      ['halftone.yaml:1:11 budgets[0]: needs scopeValue'],
    ],
    ['passthrough', 'passthrough: {provider: x}\n', ['halftone.yaml:1:25 passthrough.provider: is not a configured provider']],
    ['floors', 'storage: {minFreeBytesDispatch: 2GiB}\n', ['halftone.yaml:1:33 storage.minFreeBytesDispatch: must not be more']],
    ['tags', 'declaredTags: [a, b, c, d, e, f, g, h, i]\n', ['halftone.yaml:1:15 declaredTags: must be at most 8 entries long']],
  ]
  test.each(cases)('has a position and one cause: %s', async (_, yaml, expected) => {
    const { problems } = await failure(yaml)
    expect(problems.map(brief)).toEqual(expected.map((text) => expect.stringContaining(text)))
  })

  test('all are reported at once, in the order of the file, with what to do', async () => {
    const error = await failure(
      'server:\n  prot: 1\nproviders:\n  openai: {apiKey: {env: OPENAI_KEY}}\nroutes:\n  r: {providers: [opnai]}\nmaxUsdPerDay: lots\n',
      { env: { HALFTONE_PORT: 'x', OPENAI_API_KEY: 'sk' } },
    )
    expect(error.code).toBe('config_invalid')
    expect(error.problems.map(brief)).toEqual([
      'halftone.yaml:2:3 server.prot: is not a known key',
      'halftone.yaml:4:26 providers.openai.apiKey.env: the environment variable OPENAI_KEY is not set',
      'halftone.yaml:6:19 routes.r.providers[0]: is not a configured provider',
      expect.stringContaining('halftone.yaml:7:15 maxUsdPerDay: must be a plain decimal'),
      'HALFTONE_PORT server.port: must be a number',
    ])
    for (const hint of ['Did you mean port?', 'or write OPENAI_API_KEY', 'Did you mean openai?'])
      expect(error.message).toContain(hint)
  })

  test('a file that is not UTF-8 is refused', async () => {
    await writeFile(join(cwd, 'halftone.yaml'), new Uint8Array([0x6c, 0xff, 0xfe]))
    expect((await failure(undefined)).problems.map(brief)).toEqual(['halftone.yaml : is not UTF-8 text'])
  })

  test('an alias bomb is refused', async () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`)
    const error = await failure(`l0: &l0 [x, x]\n${levels.join('\n')}\n`)
    expect(error.message).toContain('too many')
  })
})

describe('what is resolved', () => {
  test('a private base URL may be plain http; a key on it is worth a warning', async () => {
    const hosts = ['localhost:1', '127.0.0.1:1', '[::1]:1', '10.1.2.3', 'gpu', 'gpu.local', '[fd00::1]']
    for (const host of hosts) {
      const { config } = await load(`providers: {a: {type: openai-compatible, baseUrl: "http://${host}/v1/"}}`)
      expect(config.providers['a']?.baseUrl).toBe(`http://${host}/v1`)
    }
    const yaml = (host: string): string => `providers: {a: {type: openai-compatible, apiKey: x, baseUrl: "http://${host}"}}`
    expect((await load(yaml('localhost'))).warnings).toEqual([])
    expect((await load(yaml('gpu'))).warnings.map(brief)).toEqual([
      'halftone.yaml:1:62 providers.a.baseUrl: sends the API key over plain http',
    ])
  })

  test('models: wire name and publisher/name', async () => {
    const { config } = await load(
      'providers: {gpu: {type: openai-compatible, models: [sdxl, a/b, {model: c/d, region: eu, maxN: 2, sizes: any, defaultSize: 512x512}, {model: e/f, id: weird:id}]}}',
    )
    expect(config.providers['gpu']?.models).toEqual([
      { id: 'sdxl', model: 'gpu/sdxl', capabilities: {} },
      { id: 'a/b', model: 'a/b', capabilities: {} },
      {
        id: 'd',
        model: 'c/d',
        region: 'eu',
        capabilities: { maxN: 2, sizes: { kind: 'any' }, defaultSize: { width: 512, height: 512 } },
      },
      { id: 'weird:id', model: 'e/f', capabilities: {} },
    ])
  })

  test('prices: the short form and full rates become SKUs with exact decimals', async () => {
    const { config } = await load(
      `providers:
  gpu:
    type: openai-compatible
    prices:
      a/b: {perImage: 0.04, perRequest: "0.001"}
      free/*: {perImage: 0}
      c/d:
        rates: [{id: c-d, meter: tokens.image.out, price: "40", per: 1000000, effectiveFrom: 2026-01-01}]
        billedPolicy: {success: 1, refusedBefore: 0, refusedAfter: 0.5, providerError: 0, timeout: unknown, cancelled: unknown}
`,
    )
    const book = config.providers['gpu']?.prices
    expect(book).toMatchObject({ provider: 'openai-compatible', unit: 'USD' })
    expect(book?.skus.map(({ model, rates }) => [model, rates.map(({ meter, price, per }) => [meter, price, per])])).toEqual([
      [
        'a/b',
        [
          ['requests', '0.001', undefined],
          ['images.out', '0.04', undefined],
        ],
      ],
      ['free/*', [['images.out', '0', undefined]]],
      ['c/d', [['tokens.image.out', '40', '1000000']]],
    ])
    expect(book?.skus[2]?.billedPolicy).toMatchObject({ success: '1', refusedAfter: '0.5', timeout: 'unknown' })
    const ids = book?.skus.flatMap(({ rates }) => rates.map(({ id }) => id)) ?? []
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('the short form prices a request as written', async () => {
    const { config } = await load(
      'providers: {gpu: {type: openai-compatible, models: [a/b], prices: {a/b: {perImage: 0.04, perRequest: 0.001}}}}',
    )
    const book = config.providers['gpu']?.prices
    const overlays = book ? [{ provider: 'gpu', book, hash: 'test' }] : []
    const prices = compilePriceBooks({ books: [], fx: [], overlays })
    const quote = quoteCandidate(prices, pricingInput('gpu', 'a/b', 3))
    expect(quote).toMatchObject({ kind: 'priced', expectedNanoUsd: 121_000_000n, maxNanoUsd: 121_000_000n })
  })

  test('another price is another rate id', async () => {
    const rateId = async (price: string) =>
      (await load(`providers: {openai: {prices: {a/b: {perImage: ${price}}}}}`)).config.providers['openai']?.prices?.skus[0]
        ?.rates[0]?.id
    expect(await rateId('0.04')).not.toBe(await rateId('0.05'))
    expect(await rateId('0.04')).toBe(await rateId('"0.04"'))
  })

  test('routes, aliases, projects, keys and budgets', async () => {
    const secret = 'hk-0123456789abcdef'
    const { config } = await load(
      `routes: {fast: {models: [a/*], maxCostUsd: 0.05, fallbackOnRefusal: true}, auto: {floor: standard}}
aliases: {dall-e-3: openai/gpt-image-2@medium, x: "p:a/b@eu+batch", y: a/b}
storage: {assetTtlDays: 7}
projects: {shop: {tags: {team: a}}}
keys: {ci: {env: CI, project: shop, allowedModels: [auto], maxUsdPerDay: 2}}
budgets: [{id: b, scope: tag, scopeValue: team=a, period: month, limitUsd: 100, hard: false}]
maxUsdPerDay: 9
`,
      { env: { CI: secret } },
    )
    expect(config.routes['fast']).toMatchObject({
      route: 'fast',
      filter: { models: ['a/*'] },
      maxCostNanoUsd: 50_000_000n,
      fallbackOnRefusal: true,
    })
    expect(config.routes['auto']).toMatchObject({ route: 'auto', floor: 'standard', objective: 'cost', payTwice: 'never' })
    expect(config.aliases).toEqual({
      'dall-e-3': { kind: 'model', model: 'openai/gpt-image-2', quality: 'medium' },
      x: { kind: 'offer', offer: 'p:a/b@eu+batch' },
      y: { kind: 'model', model: 'a/b' },
    })
    expect(config.projects['shop']).toEqual({
      id: 'shop',
      name: 'shop',
      promptMode: 'full',
      assetTtlDays: 7,
      tags: { team: 'a' },
      managedBy: 'file',
    })
    expect(config.keys['ci']).toMatchObject({
      hash: createHash('sha256').update(secret).digest('hex'),
      projectId: 'shop',
      role: 'inference',
      allowedModels: ['auto'],
    })
    expect(
      config.budgets.map(({ id, scope, scopeValue, limitNanoUsd, managedBy }) => [
        id,
        scope,
        scopeValue,
        limitNanoUsd,
        managedBy,
      ]),
    ).toEqual([
      ['max-usd-per-day', 'global', '', 9_000_000_000n, 'file'],
      ['key-ci-per-day', 'key', 'ci', 2_000_000_000n, 'file'],
      ['b', 'tag', 'team=a', 100_000_000_000n, 'file'],
    ])
  })

  test('two keys may not be the same, nor the admin key', async () => {
    const same = '0123456789abcdef'
    const yaml = 'keys:\n  a: {env: K}\n  b: {env: K}\n'
    expect((await failure(yaml, { env: { K: same } })).problems.map(brief)).toEqual([
      'halftone.yaml:3:12 keys.b.env: is the same key as keys.a',
    ])
    const env = { K: same, HALFTONE_ADMIN_KEY: same }
    expect((await failure('keys: {a: {env: K}}', { env })).message).toContain('is the same key as HALFTONE_ADMIN_KEY')
  })
})

describe('secrets', () => {
  const secret = 'sk-very-secret-0123456789'

  test('are never printed by a loaded configuration', async () => {
    const { config } = await load(
      `providers: {openai: {apiKey: ${secret}, headers: {x-key: ${secret}}}}\nstorage: {databaseUrl: "postgres://u:${secret}@h/d"}`,
      { env: { HALFTONE_ADMIN_KEY: secret } },
    )
    const bigint = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)
    const printed = [
      JSON.stringify(config, bigint),
      inspect(config, { depth: 9, showHidden: true }),
      inspect(config, { depth: 9, customInspect: false }),
      JSON.stringify(describeConfig(config)),
      `${config.adminKey}`,
    ]
    for (const text of printed) expect(text).not.toContain(secret)
    expect(describeConfig(config)).toMatchObject({ providers: { openai: { apiKey: '[redacted]' } }, adminKey: '[redacted]' })
    expect(config.providers['openai']?.apiKey).toBeInstanceOf(Secret)
    expect(config.providers['openai']?.apiKey?.reveal()).toBe(secret)
  })

  test.each<[string, string, Record<string, string>?]>([
    ['a bad key', `providers: {openai: {apiKey: "${secret} x"}}`],
    ['no blank after the colon', `providers:\n  openai:\n    type: openai\n    apiKey:${secret}\n`],
    ['no blank in braces', `providers: {openai: {type: openai, apiKey:${secret}}}`],
    ['a key in place of an object', `providers: {openai: ${secret}}`],
    ['a key as the type', `providers: {openai: {type: ${secret}}}`],
    ['a key as a name', `providers: {${secret}: {type: openai}, "openai:${secret}": 1}`],
    ['a list', `providers: {openai: {apiKey: [${secret}]}}`],
    ['a broken quote', `providers: {openai: {apiKey: "${secret}}}`],
    ['after a tab', `providers:\n\topenai: ${secret}`],
    ['an alias', `providers: {openai: {apiKey: *${secret}}}`],
    ['a URL password', `providers: {openai: {baseUrl: "https://u:${secret}@x.com"}}`],
    ['a database password', `storage: {databaseUrl: "mysql://u:${secret}@h/d"}`],
    ['an unparsable database URL', `storage: {databaseUrl: "postgres://u:${secret}/@@h:x/d"}`],
    ['a header', `providers: {openai: {headers: {x: "a\\n${secret}"}}}`],
    ['a key hash', `keys: {a: {hash: ${secret}}}`],
    ['a substituted value', 'server: {port: "${S}"}\nlog: {level: "${S}"}', { S: secret }],
    [
      'the environment',
      '',
      { HALFTONE_PORT: secret, HALFTONE_ADMIN_KEY: `${secret} x`, OPENAI_API_KEY: `${secret}\n`, DATABASE_URL: secret },
    ],
    ['an environment reference', 'providers: {openai: {apiKey: {env: S}}}', { S: `${secret}\n` }],
  ])('are never printed by an error: %s', async (_, yaml, env = {}) => {
    const error = await failure(yaml, { env })
    for (const text of [error.message, inspect(error, { depth: 9 }), JSON.stringify(error.problems), String(error.stack)]) {
      expect(text).not.toContain('very-secret')
    }
  })
})
