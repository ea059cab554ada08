import { describe, expect, it } from 'vitest'
import { routeSchema } from '../../../../src/contract/route-document.ts'
import type { RouteTrialWire } from '../../../../src/contract/routes.ts'
import { strategies } from '../../../../src/core/routing/strategies/index.ts'
import { printDocument, readDocument } from './document-text.ts'
import {
  findingsByField,
  isChanged,
  objectiveNames,
  parseRouteSearch,
  parseShares,
  type RouteDocument,
  routeDefaults,
  routeSummary,
  selectShares,
  shareLines,
  withField,
  withMode,
  withObjective,
  withoutDefaults,
  wrongValues,
} from './select-routes.ts'

describe('defaults', () => {
  it('are those of the schema, all of them and no others', () => expect(routeSchema.parse({})).toEqual(routeDefaults))
  it('every objective there is can be chosen', () => expect([...objectiveNames].sort()).toEqual(Object.keys(strategies).sort()))
  it('are left out of what people read, and a document that says them is not changed by that', () => {
    const document = { ...routeDefaults, models: ['a/b'], retries: 0 }
    expect(withoutDefaults(document)).toEqual({ models: ['a/b'], retries: 0 })
    expect(isChanged(document, { models: ['a/b'], retries: 0 })).toBe(false)
    expect(isChanged(document, { models: ['a/b'] })).toBe(true)
  })
})

describe('changing a field', () => {
  it.each<[string, RouteDocument, string, Parameters<typeof withField>[2], RouteDocument]>([
    ['sets it', {}, 'floor', 'standard', { floor: 'standard' }],
    ['an empty text takes it out', { floor: 'x' }, 'floor', '', {}],
    ['an empty list takes it out', { models: ['a/b'] }, 'models', [], {}],
    ['the default takes it out', { maxAttempts: 2 }, 'maxAttempts', 3, {}],
    ['zero is a value', {}, 'retries', 0, { retries: 0 }],
    ['false is a value', {}, 'fallback', false, { fallback: false }],
    ['nothing else is touched', { unknown: 1, floor: 'x' }, 'floor', undefined, { unknown: 1 }],
  ])('%s', (_, document, name, value, expected) => expect(withField(document, name, value)).toEqual(expected))

  it('another objective and mode take the settings of the one before with them', () => {
    expect(withObjective({ objective: 'weighted', shares: { a: 1 }, models: ['a/b'] }, 'cost')).toEqual({ models: ['a/b'] })
    expect(withObjective({ objective: 'weighted', shares: { a: 1 } }, 'weighted')).toEqual({
      objective: 'weighted',
      shares: { a: 1 },
    })
    expect(withMode({ mode: 'observe', observes: 'a', fraction: 0.1, since: '2026-01-01', floor: 'x' }, 'route')).toEqual({
      floor: 'x',
    })
  })

  it('shares are lines; what has no number is kept, for the validation to name', () => {
    expect(parseShares('google 4\nopenai: 3\n a/b = 0.5 \n\nhalf')).toEqual({ google: 4, openai: 3, 'a/b': 0.5, half: 'missing' })
    expect(parseShares('google many')).toEqual({ google: 'many' })
    expect(shareLines({ google: 4, openai: 3 })).toBe('google 4\nopenai 3')
    expect(parseShares(shareLines({ 'fal:a/b@eu+batch': 2 }))).toEqual({ 'fal:a/b@eu+batch': 2 })
  })
})

describe('findings', () => {
  const finding = (path: string) => ({ level: 'problem' as const, path, message: 'm', remedy: 'r' })
  it('stand at their field, and those without one at the document', () => {
    const found = findingsByField(
      [finding('models[1]'), finding('shares.fal'), finding('require.region'), finding('')],
      ['models', 'shares'],
    )
    expect([...found].map(([field, list]) => [field, list.length])).toEqual([
      ['models', 1],
      ['shares', 1],
      ['', 2],
    ])
  })
  it('name the values of a list', () => {
    expect(wrongValues([finding('models[1]'), finding('models[9]')], ['a', 'b', 'c'])).toEqual(new Set(['b']))
    expect(wrongValues(undefined, ['a'])).toEqual(new Set())
  })
})

describe('documents as text', () => {
  const document = { objective: 'weighted', shares: { fal: 4 }, models: ['a/b', 'c/*'], fallback: false }
  it.each(['yaml', 'json'] as const)('%s is read as it was written', (format) => {
    const read = readDocument(printDocument(document, format), format)
    expect(read).toMatchObject({ kind: 'document', document })
  })
  it('an empty text is an empty document in YAML, and an error in JSON', () => {
    expect(readDocument('', 'yaml')).toMatchObject({ kind: 'document', document: {} })
    expect(printDocument({}, 'yaml')).toBe('')
    expect(readDocument('', 'json')).toMatchObject({ kind: 'problem' })
  })
  it.each([
    ['a list is no document', '- a', 'yaml', 1],
    ['an open bracket', 'objective: cost\nmodels: [a\n', 'yaml', 3],
    ['a field twice', 'floor: a\nfloor: b', 'yaml', 2],
    ['YAML in JSON', 'floor: a', 'json', undefined],
  ] as const)('%s is told with its line', (_, text, format, line) => {
    expect(readDocument(text, format)).toMatchObject({ kind: 'problem', line })
  })
  it('a finding is found in the text by its path', () => {
    const read = readDocument('objective: weighted\nshares:\n  fal: 4\nmodels:\n  - a/b\n  - c/d\n', 'yaml')
    if (read.kind !== 'document') throw new Error(read.message)
    expect(['shares.fal', 'models[1]', 'shares.gone', 'nothing', ''].map(read.lineOf)).toEqual([3, 6, 3, undefined, undefined])
  })
  it('a document that would grow without bound when it is read is refused', () => {
    const bomb =
      'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c]'
    expect(readDocument(bomb, 'yaml')).toMatchObject({ kind: 'problem' })
  })
})

describe('the rest', () => {
  it('the larger of both shares comes first, and who is on one side only is there', () => {
    const share = (offer: string, part: number) => ({ offer, share: part, requests: 1, images: 1, cost_usd: '1' })
    const trial = { before: [share('a', 0.7), share('b', 0.3)], after: [share('c', 0.9), share('b', 0.1)] } satisfies Pick<
      RouteTrialWire,
      'before' | 'after'
    >
    expect(selectShares(trial).map(({ offer, before, after }) => [offer, before?.share, after?.share])).toEqual([
      ['c', undefined, 0.9],
      ['a', 0.7, undefined],
      ['b', 0.3, 0.1],
    ])
  })

  it.each<[RouteDocument, string]>([
    [{}, 'cheapest all-in, of everything'],
    [{ models: ['a/b'], floor: 'standard', maxCostUsd: '0.08' }, 'cheapest all-in, of a/b, at least standard, at most $0.08'],
    [{ floor: 'high', easyFloor: 'draft' }, 'cheapest all-in, of everything, at least high, easy prompts at least draft'],
    [{ mode: 'observe', observes: 'a/b', providers: ['x', 'y'], objective: 'latency' }, 'watches a/b, fastest, of 2 named'],
  ])('%o is summed up', (document, text) => expect(routeSummary(document)).toBe(text))

  it.each<[Record<string, unknown>, object]>([
    [{}, {}],
    [{ tab: 'edit', as: 'form' }, {}],
    [
      { tab: 'history', before: '1', after: 2 },
      { tab: 'history', before: 1, after: 2 },
    ],
    [{ tab: 'x', as: 'xml', before: '-1', after: 'x', copy: ['a'] }, {}],
    [
      { as: 'yaml', copy: 'auto' },
      { as: 'yaml', copy: 'auto' },
    ],
  ])('the URL %o is read as %o', (search, read) => expect(parseRouteSearch(search)).toEqual(read))
})
