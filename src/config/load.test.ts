import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { brief, type ConfigFolder, createConfigFolder, type TestLoadOptions } from '../../test/support/config.ts'
import { loadConfig } from './load.ts'

let cwd: string
let folder: ConfigFolder
const load: ConfigFolder['load'] = (yaml, options) => folder.load(yaml, options)
const failure: ConfigFolder['failure'] = (yaml, options) => folder.failure(yaml, options)
beforeEach(async () => {
  folder = await createConfigFolder()
  cwd = folder.cwd
})
afterEach(() => folder.remove())

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
      sessions: { maxHours: 12, idleMinutes: 120 },
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
  test.each<[string, string | undefined, TestLoadOptions, number]>([
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
    ['short admin key', { HALFTONE_ADMIN_KEY: 'abc' }, 'HALFTONE_ADMIN_KEY : must have at least 16'],
    ['unknown variable', { HALFTONE_PROT: '80' }, 'HALFTONE_PROT : is not a known variable'],
    ['missing file', { HALFTONE_CONFIG: 'nope.yaml' }, 'nope.yaml : does not exist'],
    ['bad URL', { HALFTONE_PUBLIC_URL: 'ftp://x' }, 'HALFTONE_PUBLIC_URL server.publicUrl: must be an http or https URL'],
    ['provider key', { OPENAI_API_KEY: 'sk-a b' }, 'OPENAI_API_KEY : must be printable ASCII'],
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
