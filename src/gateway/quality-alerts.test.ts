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
    name: `quality.failed/acme/painter@low/shop/${START_US + 2 * HOUR_US}`,
    title: expect.stringContaining('rejected 3 times since 2026-11-01'),
    data: { product: 'acme/painter@low', project: 'shop', floor: 1_007, rejected: 3 },
  })
  words = rejections(4)
  expect(look(START_US + 4 * HOUR_US)).toEqual([])
  expect(look(START_US + 1_000 * HOUR_US)).toMatchObject([{ kind: 'quality.recovered', severity: 'info' }])
  expect(look(START_US + 1_001 * HOUR_US)).toEqual([])
})

test('one that comes back and fails again while the old words still count is told of again, by another name', () => {
  let words = rejections(3)
  const look = watchQuality({ evidence: () => evidenceOf(words, () => 1_007) })
  const [first] = look(START_US + 3 * HOUR_US)
  const backHour = 24 * 4
  expect(look(START_US + backHour * HOUR_US)).toMatchObject([{ kind: 'quality.recovered' }])
  const [again] = rejections(1)
  words = [...words, { ...(again as Spoken), requestId: 'later', atUs: START_US + backHour * HOUR_US }]
  const [second, ...others] = look(START_US + (backHour + 1) * HOUR_US)
  expect(others).toEqual([])
  expect(second).toMatchObject({ kind: 'quality.failed', data: { rejected: 4, since: new Date(START_US / 1_000).toISOString() } })
  expect(second?.name).not.toBe(first?.name)
  // A node that starts now calls it the same.
  expect(watchQuality({ evidence: () => evidenceOf(words, () => 1_007) })(START_US + (backHour + 1) * HOUR_US)).toEqual([second])
  expect(look(START_US + 1_000 * HOUR_US)).toMatchObject([{ kind: 'quality.recovered' }])
})

test('who fails a lower floor as well is told of, and has not come back', () => {
  let words: Spoken[] = rejections(3)
  const look = watchQuality({ evidence: () => evidenceOf(words, (floor) => (floor === 'standard' ? 1_007 : 885)) })
  expect(look(START_US + 3 * HOUR_US)).toHaveLength(1)
  words = [
    ...words,
    ...rejections(3).map((word, at) => ({
      ...word,
      floor: 'draft',
      requestId: `low-${at}`,
      atUs: START_US + (4 + at) * HOUR_US,
    })),
  ]
  expect(look(START_US + 8 * HOUR_US)).toMatchObject([{ kind: 'quality.failed', data: { floor: 885 } }])
})

test('what is put aside is tried again', () => {
  let words = rejections(3)
  const look = watchQuality({ evidence: () => evidenceOf(words, () => 1_007) })
  expect(look(START_US + 3 * HOUR_US)).toHaveLength(1)
  words = []
  expect(look(START_US + 3 * HOUR_US)).toMatchObject([{ kind: 'quality.recovered' }])
})
