// Trains the weights of `core/prompt/gap.ts` on PQPP and prints how well they route on its validation part.
//   node scripts/train-prompt-weights.ts <folder with train.csv and validation.csv> [--write]
// Ridge regression of (score of the strong model - score of the weak one); the penalty is chosen on a part of the training set.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { hashedGrams, PROMPT_FEATURES_VERSION, promptFeatures } from '../src/core/prompt/features.ts'
import { denseFeatures, type GapWeights, predictGap } from '../src/core/prompt/gap.ts'

/** One prompt with the mean human rating of each model's picture, 0 to 2. */
interface Rated {
  readonly weak: number
  readonly strong: number
}

interface Example extends Rated {
  readonly prompt: string
  readonly dense: readonly number[]
  readonly grams: readonly number[]
}

interface Model {
  readonly bias: number
  readonly dense: Float64Array
  readonly grams: Map<number, number>
}

const featuresOf = (prompt: string) => promptFeatures(prompt, { operation: 'generate', inputs: [] })

/** Rows of a CSV with quoted fields. */
export function readCsv(text: string): string[][] {
  const rows: string[][] = []
  const row: string[] = []
  let field = ''
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (quoted) {
      if (char !== '"') field += char
      else if (text.charAt(at + 1) === '"') field += text.charAt(++at)
      else quoted = false
    } else if (char === '"') quoted = true
    else if (char === ',' || char === '\n') {
      row.push(field.replace(/\r$/, ''))
      field = ''
      if (char === '\n') rows.push(row.splice(0))
    } else field += char
  }
  if (field || row.length > 0) rows.push([...row, field])
  return rows
}

function examplesOf(folder: string, name: string): Example[] {
  const [head = [], ...rows] = readCsv(readFileSync(join(folder, name), 'utf8'))
  const at = (column: string): number => head.indexOf(column)
  return rows
    .filter((row) => row.length === head.length)
    .map((row) => {
      const prompt = row[at('best_caption')] ?? ''
      return {
        prompt,
        weak: Number(row[at('glide_score')]),
        strong: Number(row[at('sdxl_score')]),
        dense: denseFeatures(featuresOf(prompt)),
        grams: hashedGrams(prompt),
      }
    })
}

const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / Math.max(list.length, 1)

function scaling(examples: readonly Example[]): { means: number[]; scales: number[] } {
  const width = examples[0]?.dense.length ?? 0
  const columns = Array.from({ length: width }, (_, index) => examples.map(({ dense }) => dense[index] ?? 0))
  const means = columns.map(mean)
  const scales = columns.map((column, index) => {
    const centre = means[index] ?? 0
    return Math.sqrt(mean(column.map((value) => (value - centre) ** 2))) || 1
  })
  return { means, scales }
}

/** Coordinate-wise ridge by conjugate gradients on the normal equations; grams in too few prompts are left out. */
function train(
  examples: readonly Example[],
  { penalty, gramPenalty, rare }: { penalty: number; gramPenalty: number; rare: number },
) {
  const { means, scales } = scaling(examples)
  const counts = new Map<number, number>()
  for (const { grams } of examples) for (const gram of grams) counts.set(gram, (counts.get(gram) ?? 0) + 1)
  const kept = [...counts].filter(([, count]) => count >= rare).map(([gram]) => gram)
  const column = new Map(kept.map((gram, index) => [gram, means.length + index]))
  const width = means.length + kept.length
  const rows = examples.map(({ dense, grams }) => ({
    dense: dense.map((value, index) => (value - (means[index] ?? 0)) / (scales[index] ?? 1)),
    grams: grams.flatMap((gram) => column.get(gram) ?? []),
  }))
  const targets = examples.map(({ strong, weak }) => strong - weak)
  const bias = mean(targets)
  const times = (vector: Float64Array): Float64Array =>
    Float64Array.from(rows, ({ dense, grams }) => {
      let sum = 0
      for (let index = 0; index < dense.length; index++) sum += (dense[index] ?? 0) * (vector[index] ?? 0)
      for (const index of grams) sum += vector[index] ?? 0
      return sum
    })
  const back = (errors: Float64Array): Float64Array => {
    const sums = new Float64Array(width)
    for (const [row, { dense, grams }] of rows.entries()) {
      const error = errors[row] ?? 0
      for (let index = 0; index < dense.length; index++) sums[index] = (sums[index] ?? 0) + error * (dense[index] ?? 0)
      for (const index of grams) sums[index] = (sums[index] ?? 0) + error
    }
    return sums
  }
  const penaltyOf = (index: number): number => (index < means.length ? penalty : gramPenalty)
  const apply = (vector: Float64Array): Float64Array =>
    back(times(vector)).map((value, index) => value + penaltyOf(index) * (vector[index] ?? 0))
  const solution = new Float64Array(width)
  let residual = back(Float64Array.from(targets, (target) => target - bias))
  let direction = residual.slice()
  let norm = residual.reduce((sum, value) => sum + value * value, 0)
  for (let step = 0; step < 200 && norm > 1e-8; step++) {
    const image = apply(direction)
    const length = norm / direction.reduce((sum, value, index) => sum + value * (image[index] ?? 0), 0)
    for (let index = 0; index < width; index++) solution[index] = (solution[index] ?? 0) + length * (direction[index] ?? 0)
    residual = residual.map((value, index) => value - length * (image[index] ?? 0))
    const next = residual.reduce((sum, value) => sum + value * value, 0)
    direction = residual.map((value, index) => value + (next / norm) * (direction[index] ?? 0))
    norm = next
  }
  const model: Model = {
    bias,
    dense: solution.slice(0, means.length),
    grams: new Map(kept.map((gram, index) => [gram, solution[means.length + index] ?? 0])),
  }
  return { model, means, scales }
}

/** Area under the share of the quality gap that is recovered when the prompts with the largest prediction go to the strong model. */
export function areaRecovered(examples: readonly Rated[], predictions: readonly number[]): number {
  const order = examples
    .map((example, index) => ({ example, prediction: predictions[index] ?? 0 }))
    .sort((a, b) => b.prediction - a.prediction)
  const whole = order.reduce((sum, { example }) => sum + example.strong - example.weak, 0)
  let recovered = 0
  let area = 0
  for (const { example } of order) {
    const before = recovered
    recovered += example.strong - example.weak
    area += (before + recovered) / 2 / whole / order.length
  }
  return area
}

/** The largest weights only, rounded: a small table that says nearly the same. */
function published(
  { model, means, scales }: ReturnType<typeof train>,
  examples: readonly Example[],
  gramCount: number,
): GapWeights {
  const round = (value: number): number => Math.round(value * 1e4) / 1e4
  const grams = [...model.grams]
    .sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .slice(0, gramCount)
    .sort(([a], [b]) => a - b)
  const weights = {
    featuresVersion: PROMPT_FEATURES_VERSION,
    bias: round(model.bias),
    dense: [...model.dense].map((weight, index) => [round(weight), round(means[index] ?? 0), round(scales[index] ?? 1)] as const),
    grams: Object.fromEntries(grams.map(([gram, weight]) => [gram, round(weight)])),
    quantiles: [] as number[],
  }
  const predictions = examples.map(({ prompt }) => predictGap(weights, featuresOf(prompt), prompt)).sort((a, b) => a - b)
  const quantiles = Array.from({ length: 19 }, (_, index) =>
    round(predictions[Math.floor(((index + 1) / 20) * predictions.length)] ?? 0),
  )
  return { ...weights, quantiles }
}

function main(): void {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { write: { type: 'boolean', default: false } } })
  const [folder] = positionals
  if (!folder) throw new Error('Name the folder that holds train.csv and validation.csv of PQPP.')

  const training = examplesOf(folder, 'train.csv')
  const validation = examplesOf(folder, 'validation.csv')
  // Every fifth prompt chooses the penalties; the validation part is looked at once, at the end.
  const fit = training.filter((_, index) => index % 5 !== 0)
  const choose = training.filter((_, index) => index % 5 === 0)
  const scoreOf = (weights: GapWeights, examples: readonly Example[]): number =>
    areaRecovered(
      examples,
      examples.map(({ prompt }) => predictGap(weights, featuresOf(prompt), prompt)),
    )

  let best = { apgr: 0, penalty: 0, gramPenalty: 0, rare: 2 }
  for (const penalty of [100, 300]) {
    for (const gramPenalty of [10, 20, 40, 80]) {
      for (const rare of [2, 4, 8]) {
        const found = scoreOf(published(train(fit, { penalty, gramPenalty, rare }), fit, 2_000), choose)
        if (found > best.apgr) best = { apgr: found, penalty, gramPenalty, rare }
      }
    }
  }
  const weights = published(train(training, best), training, 2_000)
  const byWords = areaRecovered(
    validation,
    validation.map(({ prompt }) => featuresOf(prompt).words),
  )
  const oracle = areaRecovered(
    validation,
    validation.map(({ strong, weak }) => strong - weak),
  )
  console.log(
    `${training.length} prompts to train, ${validation.length} to validate; penalties ${best.penalty} and ${best.gramPenalty}, grams in at least ${best.rare} prompts`,
  )
  console.log(
    `APGR on the validation part: ${scoreOf(weights, validation).toFixed(4)}; by the number of words ${byWords.toFixed(4)}, by the ratings themselves ${oracle.toFixed(4)}`,
  )
  if (values.write) {
    const target = join(import.meta.dirname, '../src/core/prompt/gap-weights.ts')
    const head = `// Written by scripts/train-prompt-weights.ts from PQPP (CC BY 4.0); not edited by hand.\nimport type { GapWeights } from './gap.ts'\n\n`
    writeFileSync(target, `${head}export const gapWeights: GapWeights = ${JSON.stringify(weights)}\n`)
  }
}

if (import.meta.main) main()
