import { expect, test } from 'vitest'
import { evidenceOf, type Spoken } from '../core/routing/learning/spoken.ts'
import { watchQuality } from './quality-alerts.ts'

const HOUR_US = 3_600_000_000
const START_US = Date.UTC(2026, 10, 1) * 1_000
const rejections = (count: number): Spoken[] =>
  Array.from({ length: count }, (_, hour) => ({
    requestId: `request-${hour}`,
    projectId: 'shop',
    route: 'auto',
    product: 'acme/painter@low',
    floor: 'standard',
    accepted: 0,
    atUs: START_US + hour * HOUR_US,
  }))

test('who does not meet a floor any more is told of once, and so is its return', () => {
  let words = rejections(2)
  const look = watchQuality({ evidence: () => evidenceOf(words, () => 1_007) })
  expect(look(START_US + 2 * HOUR_US)).toEqual([])
  words = rejections(3)
  const [failed, ...others] = look(START_US + 3 * HOUR_US)
  expect(others).toEqual([])
  expect(failed).toMatchObject({
    kind: 'quality.failed',
    severity: 'warning',
    name: `quality.failed/acme/painter@low/shop/${START_US}`,
    title: expect.stringContaining('rejected 3 times since 2026-11-01'),
    data: { product: 'acme/painter@low', project: 'shop', floor: 1_007, rejected: 3 },
  })
  words = rejections(4)
  expect(look(START_US + 4 * HOUR_US)).toEqual([])
  expect(look(START_US + 1_000 * HOUR_US)).toMatchObject([{ kind: 'quality.recovered', severity: 'info' }])
  expect(look(START_US + 1_001 * HOUR_US)).toEqual([])
})

test('what is put aside is tried again', () => {
  let words = rejections(3)
  const look = watchQuality({ evidence: () => evidenceOf(words, () => 1_007) })
  expect(look(START_US + 3 * HOUR_US)).toHaveLength(1)
  words = []
  expect(look(START_US + 3 * HOUR_US)).toMatchObject([{ kind: 'quality.recovered' }])
})
