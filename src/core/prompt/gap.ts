/**
 * How much a strong model is better than a weak one at this prompt, from its text alone: a linear model whose weights are data.
 * Trained on the pairs of ratings in PQPP (see `scripts/train-prompt-weights.ts` and NOTICE); words that show faces, hands and
 * crowds widen the gap, plain scenes close it.
 */
import { hashedGrams, type PromptFeatures } from './features.ts'

export interface GapWeights {
  /** Version of the prompt features it was trained with: other features need other weights. */
  readonly featuresVersion: number
  readonly bias: number
  /** Weight, mean and scale of each feature of `denseFeatures`, in its order. */
  readonly dense: readonly (readonly [weight: number, mean: number, scale: number])[]
  /** Weights of word and word-pair buckets; a bucket that is not here weighs nothing. */
  readonly grams: Readonly<Record<number, number>>
  /** Quantiles 0.05, 0.10, ... 0.95 of the prediction over the training prompts. */
  readonly quantiles: readonly number[]
}

/** The features of the linear model, in the order of its weights. Counts are damped: the tenth comma tells less than the first. */
export function denseFeatures(features: PromptFeatures): readonly number[] {
  const { promptClass } = features
  return [
    ...[
      features.words,
      features.contentWords,
      features.nouns,
      features.distinctObjects,
      features.numerals,
      features.comparatives,
      features.negations,
      features.spatial,
      features.colours,
      features.attributePairs,
      features.people,
      features.quotedChars,
      features.textCues,
      features.styleWords,
      features.commas,
      features.clauses,
    ].map(Math.log1p),
    ...classes.map((each) => (each === promptClass ? 1 : 0)),
  ]
}

const classes = [
  'animals',
  'food',
  'vehicles',
  'plants',
  'people',
  'indoor',
  'outdoor',
  'artifacts',
  'arts',
  'illustrations',
  'world_knowledge',
  'abstract',
] as const

/** Expected difference of two human ratings (strong minus weak) on a scale of 0 to 2. */
export function predictGap(weights: GapWeights, features: PromptFeatures, prompt: string): number {
  const dense = denseFeatures(features)
  let sum = weights.bias
  for (let index = 0; index < weights.dense.length; index += 1) {
    const [weight, mean, scale] = weights.dense[index] ?? [0, 0, 1]
    sum += (weight * ((dense[index] ?? 0) - mean)) / scale
  }
  for (const bucket of hashedGrams(prompt)) sum += weights.grams[bucket] ?? 0
  return sum
}

/** The share of prompts that need a strong model less than this one does, 0 to 1 in steps of 0.05. */
export function gapRank(weights: GapWeights, features: PromptFeatures, prompt: string): number {
  const gap = predictGap(weights, features, prompt)
  const above = weights.quantiles.findIndex((quantile) => quantile > gap)
  return (above === -1 ? weights.quantiles.length : above) / (weights.quantiles.length + 1)
}
