import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ConfigFolder, createConfigFolder } from '../../test/support/config.ts'
import { describeConfig } from './describe.ts'
import { Secret } from './secret.ts'

let folder: ConfigFolder
const load: ConfigFolder['load'] = (yaml, options) => folder.load(yaml, options)
const failure: ConfigFolder['failure'] = (yaml, options) => folder.failure(yaml, options)
beforeEach(async () => {
  folder = await createConfigFolder()
})
afterEach(() => folder.remove())

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
