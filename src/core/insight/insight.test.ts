import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { atOnce } from '../../../test/support/steps.ts'
import { latencyBucket } from '../latency.ts'
import { acceptanceOf } from './acceptance.ts'
import { csvOf } from './csv.ts'
import { distributionOf, RELATIVE_ERROR } from './distribution.ts'
import { addSums, dimensionsOf, type ExploreQuery, exploreSteps, type Fact, zeroSums } from './explore.ts'
import { forecastMonth } from './forecast.ts'
import { daysOf, previousPeriod, resolvePeriod } from './period.ts'
import { dimensionValue, modelOf, providerOf, type TagRule } from './rules.ts'
import { wasteOf } from './waste.ts'

const DAY = 86_400_000_000
const at = (iso: string): number => Date.parse(`${iso}Z`) * 1_000
const nowUs = at('2026-11-22T12:00:00')

describe('distributions', () => {
  test('every quantile is within the stated error of the true one, and the largest too', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 10 ** 9 }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, share) => {
          const counts = values.map((value) => ({
            bucket: Math.ceil(latencyBucket(value) / 2),
            entries: 1,
            amount: BigInt(value),
          }))
          const exact = values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * values.length)) - 1]!
          const estimate = Number(distributionOf(counts).at(share))
          expect(Math.abs(estimate - exact)).toBeLessThanOrEqual(exact * RELATIVE_ERROR + 1)
        },
      ),
    )
  })

  test('one price is given exactly, and what was corrected away counts no more', () => {
    const counts = [
      { bucket: 200, entries: 7, amount: 7n * 40_000_001n },
      { bucket: 300, entries: 2, amount: 999n },
      { bucket: 300, entries: -2, amount: -999n },
    ]
    expect(distributionOf(counts).at(1)).toBe(40_000_001n)
    expect(distributionOf([]).at(0.5)).toBeUndefined()
  })
})

describe('periods', () => {
  test.each([
    ['today', '2026-11-22', '2026-11-23', '2026-11-21', '2026-11-22'],
    ['30d', '2026-10-24', '2026-11-23', '2026-09-24', '2026-10-24'],
    ['month', '2026-11-01', '2026-11-23', '2026-10-01', '2026-10-23'],
    ['last_month', '2026-10-01', '2026-11-01', '2026-09-01', '2026-10-01'],
  ] as const)('%s is whole UTC days, compared with those before', (name, from, to, before, until) => {
    const period = resolvePeriod({ period: name }, nowUs)
    expect(period).toEqual({ name, fromUs: at(`${from}T00:00:00`), toUs: at(`${to}T00:00:00`) })
    expect(previousPeriod(period)).toMatchObject({ fromUs: at(`${before}T00:00:00`), toUs: at(`${until}T00:00:00`) })
  })

  test('the days before the 31st of March end with February', () => {
    const period = resolvePeriod({ period: 'month' }, at('2026-03-31T05:00:00'))
    expect(daysOf(previousPeriod(period))).toBe(28)
  })

  test.each([
    [{ from: '2026-11-02', to: '2026-11-01' }, 'to'],
    [{ to: '2026-11-01' }, 'from'],
    [{ from: '2020-01-01' }, 'from'],
    [{ period: '7d', from: '2026-11-01' }, 'period'],
  ] as const)('%j is refused', (asked, param) => {
    expect(() => resolvePeriod(asked, nowUs)).toThrow(expect.objectContaining({ code: 'invalid_value', param }))
  })
})

describe('the month at its end', () => {
  const spent = (amount: (day: number) => bigint, from: number) =>
    new Map(Array.from({ length: 40 }, (_, index) => [from + index * DAY, amount(index)] as const))

  test('two weeks of days tell the rhythm of the week', () => {
    const first = at('2026-10-26T00:00:00')
    const weekly = new Map([...spent(() => 0n, first)].map(([day]) => [day, new Date(day / 1000).getUTCDay() === 0 ? 0n : 7n]))
    const forecast = forecastMonth(new Map([...weekly].filter(([day]) => day < at('2026-11-23T00:00:00'))), {
      firstDayUs: first,
      nowUs: at('2026-11-23T00:00:00'),
    })
    // 22 days with three Sundays and a fourth, then Monday to Saturday, Sunday, Monday.
    expect(forecast).toEqual({ monthNanoUsd: 7n * (30n - 5n), method: 'same_weekday_mean', daysSeen: 28 })
  })

  test('with fewer days the pace of the month has to do', () => {
    const first = at('2026-11-13T00:00:00')
    expect(forecastMonth(new Map([[first, 150n]]), { firstDayUs: first, nowUs: at('2026-11-16T00:00:00') })).toEqual({
      monthNanoUsd: 300n,
      method: 'linear_pace',
      daysSeen: 3,
    })
  })

  test('nothing is said before anything was spent, or on the first of a month that is all there is', () => {
    expect(forecastMonth(new Map(), { firstDayUs: undefined, nowUs })).toBeUndefined()
    const first = at('2026-11-01T00:00:00')
    expect(forecastMonth(new Map([[first, 1n]]), { firstDayUs: first, nowUs: first + DAY / 2 })).toBeUndefined()
  })
})

test('each nano-dollar of waste is in one line', () => {
  const cell = (outcome: string, kind: string, cost: bigint, provisional = 0n) => ({
    outcome,
    kind,
    attempts: 1,
    costNanoUsd: cost,
    provisionalNanoUsd: provisional,
  })
  const lines = wasteOf([
    cell('succeeded', 'primary', 1n),
    cell('partial', 'retry', 2n),
    cell('succeeded', 'hedge', 4n),
    cell('refused', 'hedge', 8n),
    cell('timeout', 'primary', 48n, 32n),
    cell('unknown', 'primary', 64n, 64n),
    cell('', 'breakage', 128n),
    cell('', 'storage', 256n),
  ])
  expect(Object.fromEntries(lines.map(({ kind, nanoUsd }) => [kind, nanoUsd]))).toEqual({
    failed_billed: 16n,
    refused_billed: 8n,
    hedges: 4n,
    breakage: 128n,
    unknown: 96n,
  })
})

test.each([
  [
    { images: 10, costNanoUsd: 100n, accepted: 3_000, rejected: 1_000 },
    { coverage: 0.4, share: 0.75, costPerAcceptedNanoUsd: 13n, unrated: 6_000 },
  ],
  [
    { images: 10, costNanoUsd: 100n, accepted: 0, rejected: 1_000 },
    { coverage: 0.1, share: 0, costPerAcceptedNanoUsd: null, unrated: 9_000 },
  ],
  [
    { images: 0, costNanoUsd: 5n, accepted: 0, rejected: 0 },
    { coverage: null, share: null, costPerAcceptedNanoUsd: null, unrated: 0 },
  ],
])('acceptance of %o', (rated, expected) => {
  expect(acceptanceOf(rated)).toEqual(expected)
})

describe('tag rules', () => {
  const rules: readonly TagRule[] = [
    { key: 'team', value: 'shop', when: { tag: { key: 'team', value: 'shpo' } } },
    { key: 'team', value: 'art', when: { project: 'studio', model: 'acme/painter' } },
    { key: 'team', value: 'late', when: { project: 'studio' } },
  ]
  test.each([
    [{ 'tag:team': 'shpo', project: 'studio' }, 'shop'],
    [{ 'tag:team': 'x', project: 'studio', offer: 'acme:acme/painter@eu+batch' }, 'art'],
    [{ 'tag:team': '', project: 'studio', offer: 'acme:acme/other' }, 'late'],
    [{ 'tag:team': 'x', project: 'p' }, 'x'],
  ])('%o reads as %s: the first rule that matches counts', (values, expected) => {
    expect(dimensionValue(values, 'tag:team', rules)).toBe(expected)
  })

  test('a rule asks for what it looks at', () => {
    const query = { groupBy: ['tag:team', 'size'] as const, filters: new Map(), rules }
    expect(dimensionsOf(query)).toEqual(['tag:team', 'project', 'offer', 'size'])
  })

  test('models and providers are read off the offer', () => {
    expect([modelOf('a:b/c@eu-1+batch'), providerOf('a:b/c'), modelOf(''), providerOf('')]).toEqual(['b/c', 'a', '', ''])
  })
})

describe('explore', () => {
  const fact = (offer: string, project: string, costNanoUsd: bigint, atUs: number | null = null): Fact => ({
    values: { offer, project },
    atUs,
    sums: { ...zeroSums, costNanoUsd, images: 1, requests: 1 },
  })
  const ask = (change: Partial<ExploreQuery>): ExploreQuery => ({
    groupBy: ['model'],
    filters: new Map(),
    rules: [],
    sort: 'cost_usd',
    order: 'desc',
    limit: 50,
    ...change,
  })
  const facts = [fact('x:p/a', 'one', 5n, 1), fact('y:p/a', 'two', 7n, 2), fact('x:p/b', 'one', 3n, 1), fact('', '', 11n, 2)]

  test('offers of a model are one group, and what has none is a group too', () => {
    const { rows } = atOnce(
      exploreSteps(
        ask({}),
        facts.map((each) => ({ ...each, atUs: null })),
        [],
      ),
    )
    expect(rows.map(({ key, sums }) => [key[0], sums.costNanoUsd])).toEqual([
      ['p/a', 12n],
      ['', 11n],
      ['p/b', 3n],
    ])
  })

  test('filters look at derived values', () => {
    const filters = new Map([['provider', new Set(['x'])]] as const)
    expect(atOnce(exploreSteps(ask({ filters }), facts, [])).total.costNanoUsd).toBe(8n)
  })

  test('whatever the limit, rows add up to the facts exactly', () => {
    const names = fc.constantFrom('x:p/a', 'x:p/b', 'y:p/a', 'y:q/c', '')
    const anyFact = fc
      .tuple(names, fc.constantFrom('one', 'two', ''), fc.bigInt(-(10n ** 15n), 10n ** 15n), fc.integer({ min: 0, max: 3 }))
      .map(([offer, project, cost, hour]) => fact(offer, project, cost, hour))
    fc.assert(
      fc.property(fc.array(anyFact), fc.integer({ min: 1, max: 6 }), (list, limit) => {
        const explored = atOnce(exploreSteps(ask({ groupBy: ['model', 'project'], limit }), list, []))
        const whole = list.map(({ sums }) => sums).reduce(addSums, zeroSums)
        expect(explored.rows.map(({ sums }) => sums).reduce(addSums, zeroSums)).toEqual(whole)
        expect(explored.total).toEqual(whole)
      }),
    )
  })

  test('what has no value comes last in either order', () => {
    const withoutImages: Fact = { values: { offer: 'x:p/z', project: '' }, atUs: null, sums: { ...zeroSums, costNanoUsd: 9n } }
    for (const order of ['asc', 'desc'] as const) {
      const { rows } = atOnce(
        exploreSteps(ask({ sort: 'cost_per_image_usd', order }), [withoutImages, fact('x:p/a', '', 1n)], []),
      )
      expect(rows.at(-1)?.key).toEqual(['p/z'])
    }
  })
})

test.each([
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-2+3', "'-2+3"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\tx', "'\tx"],
  ['\rx', '"\'\rx"'],
  ['-0.5', '-0.5'],
  ['a,"b"\n', '"a,""b""\n"'],
  [-3, '-3'],
  [null, ''],
])('a cell of %j cannot become a formula or break a row', (cell, text) => {
  expect(csvOf([['x'], [cell]])).toBe(`x\r\n${text}\r\n`)
})
