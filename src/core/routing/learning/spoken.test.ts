import { describe, expect, test } from 'vitest'
import { isEasy } from '../../planning/difficulty.ts'
import { gateFeaturesOf } from '../../planning/easy-floor.ts'
import { promptFeatures } from '../../prompt/features.ts'
import { correctionFor, evidenceOf, gateOf, type PictureWord, type StoredGate, spokenOf } from './spoken.ts'

const START_US = Date.UTC(2026, 10, 20) * 1_000
const HOUR_US = 3_600_000_000
const scores: Readonly<Record<string, number>> = { draft: 885, standard: 1_007 }
const scoreOf = (floor: string) => scores[floor]

let count = 0
const word = (changes: Partial<PictureWord> = {}): PictureWord => {
  count += 1
  return {
    picture: `picture-${count}`,
    requestId: `request-${String(count).padStart(4, '0')}`,
    projectId: 'shop',
    route: 'thumbnails',
    product: 'acme/painter@low',
    floor: 'standard',
    accepted: 0,
    atUs: START_US + count * HOUR_US,
    ...changes,
  }
}
const times = (n: number, changes: Partial<PictureWord> = {}) => Array.from({ length: n }, () => word(changes))
const failing = (words: readonly PictureWord[], projectId?: string) =>
  evidenceOf(spokenOf(words), scoreOf).flatMap((evidence) =>
    correctionFor(evidence, projectId, START_US + (count + 1) * HOUR_US) ? [evidence.product] : [],
  )

describe('words', () => {
  test('of one picture the last one stands, and pictures of one request are one word', () => {
    const changedMind = [word({ picture: 'a', accepted: 0 }), word({ picture: 'a', accepted: 1 })]
    expect(spokenOf(changedMind)).toMatchObject([{ accepted: 1 }])
    const four = [1, 0, 0, 0].map((accepted) => word({ requestId: 'one', accepted }))
    expect(spokenOf(four)).toMatchObject([{ requestId: 'one', accepted: 0.25 }])
    expect(failing(times(4, { requestId: 'one' }), 'shop')).toEqual([])
  })

  test('say the same in whatever order they are read', () => {
    const words = [...times(3), word({ accepted: 1 }), ...times(2)]
    expect(spokenOf(words.toReversed())).toEqual(spokenOf(words))
  })

  test('are about one quality setting alone', () => {
    const words = [...times(2), ...times(2, { product: 'acme/painter@medium' })]
    expect(failing(words, 'shop')).toEqual([])
    expect(failing([...words, word()], 'shop')).toEqual(['acme/painter@low'])
  })

  test('under a floor that nobody knows any more say nothing', () => {
    expect(failing(times(5, { floor: 'acme/gone@low' }), 'shop')).toEqual([])
  })
})

describe('who is heard', () => {
  test('a project, for itself; the others only when it is not the only one', () => {
    const words = times(5)
    expect(failing(words, 'shop')).toEqual(['acme/painter@low'])
    expect(failing(words, 'studio')).toEqual([])
    expect(failing(words)).toEqual(['acme/painter@low'])
    const both = [...words, ...times(2, { projectId: 'press' })]
    expect(failing(both, 'studio')).toEqual(['acme/painter@low'])
    expect(failing(both)).toEqual(['acme/painter@low'])
  })

  test('an end customer, but not alone', () => {
    expect(failing(times(9, { endCustomer: 'ann' }), 'shop')).toEqual([])
    expect(failing([...times(2, { endCustomer: 'ann' }), ...times(2, { endCustomer: 'ben' })], 'shop')).toEqual([
      'acme/painter@low',
    ])
  })
})

describe('the gate of a route', () => {
  const features = gateFeaturesOf(promptFeatures('a red fox in the snow', { operation: 'generate', inputs: [] }))
  const gate: StoredGate = { easy: true, otherwise: 'standard', features }
  const asked = Array.from({ length: 300 }, () => ({ features, pictures: 1 }))
  const learned = (changes: Partial<PictureWord>, reaches = false) =>
    isEasy(
      gateOf(asked, spokenOf(times(60, { gate, floor: 'draft', ...changes })), () => reaches),
      features,
      0.5,
    )

  test('closes for prompts whose pictures are rejected under the lower floor', () => {
    expect(learned({ accepted: 1 })).toBe(true)
    expect(learned({ accepted: 0 })).toBe(false)
  })

  test('does not where the model meets the higher floor by itself, or the prompt was held to it', () => {
    expect(learned({ accepted: 0 }, true)).toBe(true)
    expect(learned({ accepted: 0, gate: { ...gate, easy: false } })).toBe(true)
  })
})
