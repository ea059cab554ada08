import { describe, expect, test } from 'vitest'
import { bothRequired, type FactRequirement, factProblem, type OfferFacts } from './offer-facts.ts'

const source = { kind: 'official', url: 'https://example.com/terms', checkedAt: '2026-11-22' } as const
const as = <Value>(value: Value) => ({ value, source })
const good: OfferFacts = {
  region: as(['eu']),
  retention: as(0),
  training: as('no'),
  licence: as('commercial'),
  watermark: as('none'),
}
const all: FactRequirement = { region: ['eu'], retentionDays: 0, training: 'no', licence: 'commercial', watermark: 'none' }

describe('a requirement', () => {
  test('is met by facts that are as required', () => {
    expect(factProblem(good, all)).toBeUndefined()
  })

  test.each(['region', 'retention', 'training', 'licence', 'watermark'] as const)('is not met by an unknown %s', (name) => {
    const { [name]: _gone, ...rest } = good
    expect(factProblem(rest, all)).toEqual({ fact: name, detail: `${name} unknown` })
  })

  test('is not met by an offer nothing is known of', () => {
    expect(factProblem(undefined, { training: 'no' })?.detail).toBe('training unknown')
  })

  test('is not met by what is only assumed', () => {
    const assumed = { retention: { value: 0, source: { ...source, kind: 'assumed' } } } as const
    expect(factProblem(assumed, { retentionDays: 30 })?.detail).toBe('retention only assumed')
  })

  test.each<[Partial<OfferFacts>, FactRequirement, string | undefined]>([
    [{ region: as(['eu', 'us']) }, { region: ['eu'] }, 'region: eu, us'],
    [{ region: as(['eu', 'us']) }, { region: ['us', 'eu'] }, undefined],
    [{ region: as(['global']) }, { region: ['eu', 'us'] }, 'region: global'],
    [{ region: as([]) }, { region: ['eu'] }, 'region: '],
    [{ region: as(['self']) }, { region: ['eu'] }, 'region: self'],
    [{ region: as(['self']) }, { region: ['eu', 'self'] }, undefined],
    [{ retention: as(30) }, { retentionDays: 29 }, 'retention: 30 days'],
    [{ retention: as(30) }, { retentionDays: 30 }, undefined],
    [{ retention: as('self') }, { retentionDays: 0 }, undefined],
    [{ training: as('opt-out') }, { training: 'no' }, 'training: opt-out'],
    [{ training: as('opt-out') }, { training: 'opt-out' }, undefined],
    [{ training: as('yes') }, { training: 'opt-out' }, 'training: yes'],
    [{ training: as('self') }, { training: 'no' }, undefined],
    [{ licence: as('conditions') }, { licence: 'commercial' }, 'licence: conditions'],
    [{ licence: as('conditions') }, { licence: 'conditions' }, undefined],
    [{ licence: as('non-commercial') }, { licence: 'conditions' }, 'licence: non-commercial'],
    [{ watermark: as('invisible') }, { watermark: 'none' }, 'watermark: invisible'],
    [{ watermark: as('invisible') }, { watermark: 'invisible' }, undefined],
    [{ watermark: as('visible') }, { watermark: 'invisible' }, 'watermark: visible'],
  ])('%j under %j: %s', (facts, required, detail) => {
    expect(factProblem(facts, required)?.detail).toBe(detail)
  })
})

describe('two requirements together', () => {
  test.each<[FactRequirement | undefined, FactRequirement | undefined, FactRequirement | undefined]>([
    [undefined, undefined, undefined],
    [undefined, all, all],
    [{ region: ['eu', 'us'] }, { region: ['us', 'jp'] }, { region: ['us'] }],
    [{ region: ['eu'] }, { region: ['us'] }, { region: [] }],
    [{ retentionDays: 30 }, { retentionDays: 0 }, { retentionDays: 0 }],
    [{ training: 'no' }, { training: 'opt-out', watermark: 'invisible' }, { training: 'no', watermark: 'invisible' }],
    [{ licence: 'conditions' }, { licence: 'commercial' }, { licence: 'commercial' }],
  ])('%j and %j are %j', (first, second, both) => {
    expect(bothRequired(first, second)).toEqual(both)
  })

  const facts = [
    good,
    { ...good, training: as('opt-out') },
    { ...good, region: as(['us']) },
    { training: as('no') },
  ] as OfferFacts[]
  const wishes: FactRequirement[] = [all, { training: 'opt-out' }, { region: ['us', 'eu'] }, { region: ['us'], retentionDays: 5 }]

  test('are met exactly by what meets each of them', () => {
    for (const one of facts)
      for (const first of wishes)
        for (const second of wishes) {
          const each = !factProblem(one, first) && !factProblem(one, second)
          expect(!factProblem(one, bothRequired(first, second) ?? {})).toBe(each)
        }
  })
})
