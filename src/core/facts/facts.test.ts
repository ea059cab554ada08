import { describe, expect, test } from 'vitest'
import { readFactsInput } from '../../../scripts/facts-check.ts'
import { type FactsFile, type FactsLintInput, factsOf, lintFacts, loadFactsFile } from './index.ts'
import { fits } from './resolve.ts'

const source = { url: 'https://docs.acme.example/data', kind: 'official', checkedAt: '2026-11-01' } as const
const file = (changes: object = {}): FactsFile =>
  loadFactsFile(
    {
      provider: 'acme',
      hosts: ['api.acme.example', '*.acme.example'],
      sources: { data: source },
      defaults: {
        region: { byHost: { 'eu.acme.example': ['eu'], 'api.acme.example': ['global'] }, source: 'data' },
        retention: { value: 30, source: 'data' },
        training: { value: 'no', source: 'data' },
      },
      models: {
        'acme/*': { watermark: { value: 'none', source: 'data' } },
        'acme/marked': { watermark: { value: 'visible', source: 'data' }, training: 'unknown' },
      },
      ...changes,
    },
    'acme.json',
  )
const offer = { model: 'acme/plain', wireModel: 'plain-1' }
const at = (host: string | undefined, changes: object = {}) => ({ file: file(), host, isPrivateHost: false, ...changes })

describe('facts of an offer', () => {
  test('come from the defaults and the patterns of its model, each with its source', () => {
    expect(factsOf(offer, at('api.acme.example'))).toEqual({
      region: { value: ['global'], source },
      retention: { value: 30, source },
      training: { value: 'no', source },
      watermark: { value: 'none', source },
    })
  })

  test('a later pattern overrules an earlier one, and can take back what is known', () => {
    const facts = factsOf({ model: 'acme/marked', wireModel: 'm' }, at('api.acme.example'))
    expect([facts.watermark?.value, facts.training]).toEqual(['visible', undefined])
  })

  test.each([
    ['eu.acme.example', ['eu']],
    ['api.acme.example', ['global']],
    ['jp.acme.example', undefined],
  ])('the region follows from the host %s: %j', (host, region) => {
    expect(factsOf(offer, at(host)).region?.value).toEqual(region)
  })

  test.each(['proxy.other.example', 'api.acme.example.evil.test', undefined])(
    'of an account that calls %s nothing is known',
    (host) => {
      expect(factsOf(offer, at(host))).toEqual({})
    },
  )

  test('of servers on private networks: only those at a private address are the operator’s', () => {
    const own = file({ hosts: 'private', models: {}, defaults: { region: { value: ['self'], source: 'data' } } })
    expect(factsOf(offer, at('10.0.0.5', { file: own, isPrivateHost: true })).region?.value).toEqual(['self'])
    expect(factsOf(offer, at('gpu.rented.example', { file: own }))).toEqual({})
  })

  test("the operator's own word goes before the file, and stands where there is none", () => {
    const said = { value: 0, source: { ...source, kind: 'operator' } } as const
    expect(factsOf(offer, at('api.acme.example', { own: { retention: said } })).retention).toEqual(said)
    expect(factsOf(offer, at('elsewhere.example', { own: { retention: said } }))).toEqual({ retention: said })
  })

  test.each([
    ['a/*', 'a/b', true],
    ['*', '', true],
    ['a*c', 'ac', true],
    ['a*a', 'a', false],
    ['*-x-*', '1-x-2', true],
    ['a/b', 'a/bc', false],
  ])('%s fits %s: %s', (pattern, text, expected) => {
    expect(fits(pattern, text)).toBe(expected)
  })
})

const good = (json: object = file(), changes: Partial<FactsLintInput> = {}): FactsLintInput => ({
  files: [{ name: 'acme.json', json }],
  offers: new Map([['acme', [offer, { model: 'acme/marked', wireModel: 'm' }]]]),
  ownHosts: { acme: ['acme.example', 'github.com/acme'] },
  today: '2026-11-22',
  ...changes,
})
const found = (input: FactsLintInput): readonly string[] =>
  lintFacts(input).findings.map(({ severity, place, message }) => `${severity} ${place}: ${message}`)
const withSource = (changes: object): object => ({ ...file(), sources: { data: { ...source, ...changes } } })
const withDefault = (defaults: object): object => ({ ...file(), defaults: { ...file().defaults, ...defaults } })

describe('the lint', () => {
  test('finds nothing wrong with a good file, and says what it looked at', () => {
    expect(lintFacts(good())).toEqual({ findings: [], files: 1, values: 5, sources: 1 })
  })

  test.each<[string, object | FactsLintInput, RegExp]>([
    ['a value without a source', withDefault({ retention: { value: 30 } }), /retention.source: missing/],
    ['a source that is not listed', withDefault({ retention: { value: 30, source: 'none' } }), /"none" is not among the sources/],
    ['a bad value', withDefault({ training: { value: 'never', source: 'data' } }), /training.value: expected one of/],
    ['bad days', withDefault({ retention: { value: -1, source: 'data' } }), /expected days/],
    ['a bad region', withDefault({ region: { value: ['Europe'], source: 'data' } }), /expected a country/],
    ['an empty region', withDefault({ region: { value: [], source: 'data' } }), /expected at least one/],
    ['no value', withDefault({ licence: { source: 'data' } }), /licence: expected a value/],
    ['an unknown fact', withDefault({ colour: { value: 'red', source: 'data' } }), /colour: unknown key/],
    ['hosts for what is no region', withDefault({ training: { byHost: {}, source: 'data' } }), /byHost: is for regions/],
    ['a day that has not been', withSource({ checkedAt: '2026-11-23' }), /a day that has not been/],
    ['a source nobody uses', { ...file(), sources: { data: source, spare: source } }, /spare: is used by no value/],
    ['a page that is none', withSource({ url: 'the terms' }), /is no https page/],
    ["an official page of another's", withSource({ url: 'https://blog.example/acme' }), /which is not the provider's own/],
    ['a host that only ends alike', withSource({ url: 'https://notacme.example/' }), /which is not the provider's own/],
    ['a pattern that fits no offer', { ...file(), models: { 'acme/gone': {} } }, /acme\/gone: fits no offer/],
    ['a file under another name', good(file({ provider: 'other' }), { offers: new Map([['other', []]]) }), /named after it/],
    [
      'a type without a file',
      good(file(), {
        offers: new Map([
          ['acme', [offer]],
          ['lone', []],
        ]),
      }),
      /lone.json: is missing/,
    ],
    ['too few values', good(file(), { atLeast: 6 }), /hold 5 values, fewer than 6/],
  ])('finds %s', (_what, planted, message) => {
    const input = 'files' in planted ? (planted as FactsLintInput) : good(planted)
    expect(found(input).join('\n')).toMatch(message)
    expect(found(input).join('\n')).toMatch(/^error /)
  })

  test('warns of a page that was read more than 180 days ago', () => {
    expect(found(good(withSource({ checkedAt: '2026-05-25' })))).toEqual([
      expect.stringMatching(/^warning acme.json sources.data: was read 181 days ago/),
    ])
    expect(found(good(withSource({ checkedAt: '2026-05-26' })))).toEqual([])
  })

  test('finds nothing wrong with the shipped files, about every type of provider', () => {
    const input = readFactsInput(new URL('../../../facts/', import.meta.url), '2026-11-23')
    const report = lintFacts(input)
    expect(report.findings).toEqual([])
    expect(report.files).toBe(input.offers.size)
  })
})
