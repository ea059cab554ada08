/** Token usage of the Images API as meters. What is not recognised is told, never guessed. */
import type { JsonObject } from '../../core/json.ts'
import type { Meter, Quantity, Usage } from '../../core/usage.ts'
import { wholeUnits } from '../../core/usage.ts'
import { asCount, asObject } from '../kit/read.ts'
import { numbersIn, type UnknownUsage } from '../kit/unknown-usage.ts'

export interface ReadUsage {
  /** Undefined: no counts at all. */
  readonly usage?: Usage
  /** Members that carry a number and mean nothing to us. */
  readonly unknown: readonly UnknownUsage[]
}

const KNOWN = new Set([
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'input_tokens_details.text_tokens',
  'input_tokens_details.image_tokens',
  'input_tokens_details.cached_tokens',
  'input_tokens_details.cached_tokens_details.text_tokens',
  'input_tokens_details.cached_tokens_details.image_tokens',
  'output_tokens_details.text_tokens',
  'output_tokens_details.image_tokens',
  'output_tokens_details.reasoning_tokens',
  'cost',
])
const KNOWN_SVG = new Set(['input_tokens', 'output_tokens', 'reasoning_tokens', 'total_tokens'])

export function readUsage(usage: JsonObject | undefined, svgUsage: JsonObject | undefined): ReadUsage {
  const unknown = [
    ...numbersIn(usage).filter(({ path }) => !KNOWN.has(path)),
    ...numbersIn(svgUsage)
      .filter(({ path }) => !KNOWN_SVG.has(path))
      .map(({ path, amount }) => ({ path: `svg_usage.${path}`, amount })),
  ]
  const counts = { ...imageUsage(usage), ...svgCounts(svgUsage) }
  const entries = Object.entries(counts).filter((entry): entry is [Meter, number] => entry[1] !== undefined)
  if (entries.length === 0) return { unknown }
  return { usage: Object.fromEntries(entries.map(([meter, count]): [Meter, Quantity] => [meter, wholeUnits(count)])), unknown }
}

type Counts = Partial<Record<Meter, number | undefined>>

/** Without details all input counts as text and all output as image, which is what generations are. */
function imageUsage(usage: JsonObject | undefined): Counts {
  const input = asCount(usage?.['input_tokens'])
  const output = asCount(usage?.['output_tokens'])
  const inDetails = asObject(usage?.['input_tokens_details'])
  const outDetails = asObject(usage?.['output_tokens_details'])
  const imageIn = asCount(inDetails?.['image_tokens'])
  const textIn = asCount(inDetails?.['text_tokens']) ?? difference(input, imageIn)
  const textOut = asCount(outDetails?.['text_tokens'])
  const imageOut = asCount(outDetails?.['image_tokens']) ?? difference(output, textOut)
  const cached = asObject(inDetails?.['cached_tokens_details'])
  const cachedImage = asCount(cached?.['image_tokens'])
  // A bare count of cached tokens is the prompt's: references are new with each request.
  const cachedText = asCount(cached?.['text_tokens']) ?? (cached ? undefined : asCount(inDetails?.['cached_tokens']))
  return {
    'tokens.text.in': difference(textIn, cachedText),
    'tokens.text.in.cached': positive(cachedText),
    'tokens.image.in': difference(imageIn, cachedImage),
    'tokens.image.in.cached': positive(cachedImage),
    'tokens.image.out': imageOut,
    'tokens.text.out': textOut,
  }
}

/** Reasoning is part of what the author model put out, and is billed as such. */
const svgCounts = (usage: JsonObject | undefined): Counts => ({
  'tokens.svg.in': asCount(usage?.['input_tokens']),
  'tokens.svg.out': asCount(usage?.['output_tokens']),
})

const difference = (total: number | undefined, part: number | undefined): number | undefined =>
  total === undefined ? undefined : Math.max(0, total - (part ?? 0))

const positive = (count: number | undefined): number | undefined => (count === undefined || count === 0 ? undefined : count)
