import { describe, expect, test } from 'vitest'
import { correctedQuality, type FloorEvidence, reduceFloorEvidence } from './quality.ts'

const floors = [1_000, 1_060, 1_150]
const evidenceOf = (...ratings: readonly (readonly [floor: number, accepted: boolean])[]): FloorEvidence =>
  ratings.reduce<FloorEvidence>(
    (evidence, [floor, accepted]) => reduceFloorEvidence(evidence, floors, floor, accepted),
    new Map(),
  )

describe('ratings corrected by what people accept', () => {
  test('three rejections in a row are believed, however much was accepted before', () => {
    const long = Array.from({ length: 200 }, () => [1_060, true] as const)
    expect(correctedQuality(1_100, evidenceOf(...long, [1_060, false], [1_060, false]))).toBe(1_100)
    expect(correctedQuality(1_100, evidenceOf(...long, [1_060, false], [1_060, false], [1_060, false]))).toBe(1_059)
  })

  test('one rejection in twenty changes nothing', () => {
    const ratings = Array.from({ length: 400 }, (_, index) => [1_060, index % 20 !== 0] as const)
    expect(correctedQuality(1_100, evidenceOf(...ratings))).toBe(1_100)
  })

  test('what is rejected under a lower floor counts against the higher, and not the other way round', () => {
    const low = evidenceOf([1_000, false], [1_000, false], [1_000, false])
    expect(correctedQuality(1_200, low)).toBe(999)
    const high = evidenceOf([1_150, false], [1_150, false], [1_150, false])
    expect(correctedQuality(1_200, high)).toBe(1_149)
  })

  test('the few that are always rejected under a lower floor never add up against a higher one that nobody rated', () => {
    const ratings = Array.from({ length: 400 }, (_, index) => [1_000, index % 20 !== 0] as const)
    expect(correctedQuality(1_100, evidenceOf(...ratings))).toBe(1_100)
  })

  test('rejections under two floors in turn are as many as under one', () => {
    expect(correctedQuality(1_100, evidenceOf([1_060, false], [1_000, false]))).toBe(1_100)
    expect(correctedQuality(1_100, evidenceOf([1_060, false], [1_000, false], [1_060, false]))).toBe(1_059)
  })
})
