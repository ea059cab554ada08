import { describe, expect, it } from 'vitest'
import type { ProductQualityWire } from '../../../../src/contract/quality.ts'
import { feedbackText, isBelow, productOf, selectStandings, summaryText, wordsText } from './select-said.ts'

const finding = (over: Partial<ProductQualityWire['findings'][number]> = {}) => ({
  project: 'shop',
  floor: 1_149.6,
  rejected: 3,
  accepted: 0,
  since: '2026-11-20T10:00:00.000Z',
  below_until: '2026-11-23T08:30:12.000Z',
  ...over,
})
const product = (findings: ProductQualityWire['findings']): ProductQualityWire => ({
  product: 'acme/painter@high',
  rating: 1_180,
  rejected: 3,
  accepted: 0,
  findings,
})

describe('what people said about a model', () => {
  it('a model at one quality setting is called as the API calls it', () => {
    expect(productOf({ model: 'acme/painter', quality: 'high' })).toBe('acme/painter@high')
    expect(productOf({ model: 'acme/painter', quality: null })).toBe('acme/painter')
  })

  it.each([
    [{ rejected: 1, accepted: 0 }, 'rejected once'],
    [{ rejected: 2.25, accepted: 4 }, 'rejected 2.3 times, accepted 4 times'],
    [{ rejected: 0, accepted: 0 }, 'nothing said'],
  ])('words are counted: %o', (words, text) => expect(wordsText(words)).toBe(text))

  it('a floor says for whom it is not met and until when, or that it is met', () => {
    const all = selectStandings(
      product([finding(), finding({ project: null, below_until: null, floor: 1_200 })]),
      (id) => `Project ${id}`,
    )
    expect(all).toEqual([
      {
        key: '1149.6 shop',
        floor: 'floor 1150',
        who: 'Project shop',
        below: true,
        text: 'rejected 3 times since 2026-11-20; not chosen until 2026-11-23 08:30 UTC',
      },
      {
        key: '1200 ',
        floor: 'floor 1200',
        who: 'projects that said nothing themselves',
        below: false,
        text: 'rejected 3 times since 2026-11-20; it meets it',
      },
    ])
  })

  it('a model is below when one floor is not met', () => {
    const below = product([finding({ below_until: null }), finding()])
    const well = product([finding({ below_until: null })])
    expect([isBelow(below), isBelow(well), isBelow(product([]))]).toEqual([true, false, false])
    expect(summaryText([below, well])).toBe('1 model of 2 below a floor now.')
    expect(summaryText([well])).toBe('1 model with words, all meet their floors.')
  })

  it('a candidate of a decision says what stands against it under higher floors', () => {
    const feedback = { fails_at: 1_200, rejected: 3, accepted: 1, since: '2026-11-20T10:00:00Z', until: '2026-11-23T08:30:00Z' }
    expect(feedbackText(feedback)).toBe(
      'rejected 3 times, accepted once since 2026-11-20 under a floor of 1200: not chosen under that or a higher one until 2026-11-23 08:30 UTC',
    )
  })
})
