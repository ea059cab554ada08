import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { brief, type ConfigFolder, createConfigFolder } from '../../test/support/config.ts'

let cwd: string
let folder: ConfigFolder
const failure: ConfigFolder['failure'] = (yaml, options) => folder.failure(yaml, options)
beforeEach(async () => {
  folder = await createConfigFolder()
  cwd = folder.cwd
})
afterEach(() => folder.remove())

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
        'halftone.yaml:1:36 providers.openai.prices["a/b"]: cannot be used: providers.openai.prices: config:openai:a/b: rate r: this id is used twice',
      ],
    ],
    ['route name', 'routes: {a/b: {}}\n', ['halftone.yaml:1:10 routes["a/b"]: the name must be a name without "/" and ":"']],
    [
      'route provider',
      'routes: {r: {providers: [x]}}\n',
      ['halftone.yaml:1:26 routes.r.providers[0]: is not a configured provider'],
    ],
    [
      'route offer',
      'routes: {r: {offers: ["x:a/b"]}}\n',
      ['halftone.yaml:1:23 routes.r.offers[0]: is not a configured provider'],
    ],
    ['alias offer', 'aliases: {a: "x:a/b"}\n', ['halftone.yaml:1:14 aliases.a: is not a configured provider']],
    [
      'disabled passthrough',
      'providers: {openai: {disabled: true}}\npassthrough: {provider: openai}\n',
      ['halftone.yaml:2:25 passthrough.provider: is disabled'],
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

  test('a provider that only lacks its variable says which', async () => {
    expect((await failure('routes: {r: {providers: [openai]}}\n')).message).toContain(
      'Set OPENAI_API_KEY, or add it under providers.',
    )
  })

  test('a value that an alias stands for is found where it is written', async () => {
    const yaml = 'routes:\n  a: &shared\n    maxAttempts: 2\n    providers:\n      - nobody\n  b: *shared\n'
    const at = 'halftone.yaml:5:9 routes'
    expect((await failure(yaml)).problems.map(brief)).toEqual([
      `${at}.a.providers[0]: is not a configured provider`,
      `${at}.b.providers[0]: is not a configured provider`,
    ])
  })

  test('no position is given that a broken neighbour in the list would make wrong', async () => {
    const entry = '{id: a, period: day, limitUsd: 1}'
    const error = await failure(`budgets:\n- {id: x, period: week, limitUsd: 1}\n- ${entry}\n- ${entry}\n`)
    expect(error.problems.map(brief)).toEqual(['halftone.yaml:2:19 budgets[0].period: must be day, month or total'])
  })

  test('a key in capitals is one of the file, not a variable', async () => {
    expect((await failure('HALFTONE_PORT: 1\n')).problems.map(brief)).toEqual([
      'halftone.yaml:1:1 HALFTONE_PORT: is not a known key',
    ])
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
