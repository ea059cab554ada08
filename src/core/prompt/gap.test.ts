import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { areaRecovered, readCsv } from '../../../scripts/train-prompt-weights.ts'
import { PROMPT_FEATURES_VERSION, promptFeatures } from './features.ts'
import { denseFeatures, gapRank, predictGap } from './gap.ts'
import { gapWeights } from './gap-weights.ts'

const featuresOf = (prompt: string) => promptFeatures(prompt, { operation: 'generate', inputs: [] })
const [head = [], ...rows] = readCsv(
  readFileSync(join(import.meta.dirname, '../../../test/fixtures/pqpp/validation.csv'), 'utf8'),
)
const examples = rows.map(([prompt = '', weak, strong]) => ({ prompt, weak: Number(weak), strong: Number(strong) }))

test('the published weights belong to the features of this version', () => {
  expect(gapWeights.featuresVersion).toBe(PROMPT_FEATURES_VERSION)
  expect(gapWeights.dense).toHaveLength(denseFeatures(featuresOf('a cat')).length)
  expect(gapWeights.quantiles).toEqual([...gapWeights.quantiles].sort((a, b) => a - b))
})

describe('on the validation part of PQPP', () => {
  const byModel = examples.map(({ prompt }) => predictGap(gapWeights, featuresOf(prompt), prompt))
  const byWords = examples.map(({ prompt }) => featuresOf(prompt).words)

  test('the model routes better than chance and than the number of words', () => {
    expect(head).toEqual(['best_caption', 'glide_score', 'sdxl_score'])
    expect(examples).toHaveLength(2_000)
    expect(areaRecovered(examples, byModel)).toBeGreaterThanOrEqual(0.59)
    expect(areaRecovered(examples, byWords)).toBeLessThan(0.52)
  })

  test('the rank of a prompt is about uniform', () => {
    const ranks = examples.map(({ prompt }) => gapRank(gapWeights, featuresOf(prompt), prompt))
    for (const rank of ranks) expect(rank).toBeGreaterThanOrEqual(0)
    expect(Math.max(...ranks)).toBe(0.95)
    expect(ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length).toBeCloseTo(0.475, 1)
  })
})
