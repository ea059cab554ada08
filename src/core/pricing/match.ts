/** Which conditions a candidate meets, and which of several rules is the most specific. */
import type { CandidateSettings } from '../offer.ts'
import { formatSize, type Operation } from '../request.ts'
import type { CompiledWhen } from './compiled.ts'
import type { Range, When } from './price-book.ts'
import type { PricedCandidate, PricedRequest } from './types.ts'

/** What conditions look at. */
export interface Facts {
  readonly settings: CandidateSettings
  readonly size: string
  readonly pixels: number
  readonly operation: Operation
  readonly style: string | undefined
  /** Images and references; masks and markup are not counted. */
  readonly inputs: number
  readonly negativePrompt: boolean
  readonly mask: boolean
  readonly stream: boolean
}

export const countInputs = (request: PricedRequest): number => {
  let count = 0
  for (const input of request.inputs) if (input.role === 'image' || input.role === 'reference') count += 1
  return count
}

export function factsOf(candidate: PricedCandidate, request: PricedRequest): Facts {
  const { size } = candidate.settings
  return {
    settings: candidate.settings,
    size: formatSize(size),
    pixels: size.width * size.height,
    operation: request.operation,
    style: request.style,
    inputs: countInputs(request),
    negativePrompt: request.negativePrompt !== undefined && request.negativePrompt !== '',
    mask: request.inputs.some((input) => input.role === 'mask'),
    stream: request.stream,
  }
}

const oneOf = (condition: string | readonly string[] | undefined, value: string | undefined): boolean =>
  condition === undefined ||
  (value !== undefined && (condition === value || (Array.isArray(condition) && condition.includes(value))))

const within = (range: Range | undefined, value: number | undefined): boolean =>
  range === undefined || (value !== undefined && value >= (range.min ?? -Infinity) && value <= (range.max ?? Infinity))

const same = (condition: boolean | undefined, value: boolean): boolean => condition === undefined || condition === value

/** True when every condition holds; a setting the candidate does not have meets no condition on it. */
export function matches(when: When, facts: Facts): boolean {
  const { settings } = facts
  return (
    oneOf(when.size, facts.size) &&
    oneOf(when.quality, settings.quality) &&
    oneOf(when.operation, facts.operation) &&
    oneOf(when.format, settings.format) &&
    oneOf(when.background, settings.background) &&
    oneOf(when.style, facts.style) &&
    within(when.steps, settings.steps) &&
    within(when.pixels, facts.pixels) &&
    within(when.inputs, facts.inputs) &&
    same(when.negativePrompt, facts.negativePrompt) &&
    same(when.mask, facts.mask) &&
    same(when.stream, facts.stream)
  )
}

/** The most specific rule that matches; compilation has made sure that it is the only one of its specificity. */
export function mostSpecific<Rule extends { readonly when: CompiledWhen }>(
  rules: readonly Rule[],
  facts: Facts,
  eligible?: (rule: Rule) => boolean,
): Rule | undefined {
  let best: Rule | undefined
  for (const rule of rules) {
    if (best && rule.when.keys <= best.when.keys) continue
    if (eligible && !eligible(rule)) continue
    if (matches(rule.when.when, facts)) best = rule
  }
  return best
}

const asList = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value)
const isRange = (value: object): value is Range => !Array.isArray(value)

function valuesMeet(a: When[keyof When], b: When[keyof When]): boolean {
  if (a === undefined || b === undefined) return true
  if (typeof a === 'boolean' || typeof b === 'boolean') return a === b
  if (typeof a === 'object' && typeof b === 'object' && isRange(a) && isRange(b)) {
    return Math.max(a.min ?? -Infinity, b.min ?? -Infinity) <= Math.min(a.max ?? Infinity, b.max ?? Infinity)
  }
  const right = asList(b as string | readonly string[])
  return asList(a as string | readonly string[]).some((value) => right.includes(value))
}

/** Whether some candidate could meet both. A size and a range of pixels are compared by area. */
export function canBothMatch(a: When, b: When): boolean {
  for (const key of Object.keys(a) as (keyof When)[]) if (!valuesMeet(a[key], b[key])) return false
  return areasMeet(a, b) && areasMeet(b, a)
}

function areasMeet({ size }: When, { pixels }: When): boolean {
  if (size === undefined || pixels === undefined) return true
  return asList(size).some((text) => {
    const [width = 0, height = 0] = text.split('x').map(Number)
    return within(pixels, width * height)
  })
}

export const conditionKeys = (when: When): number => Object.values(when).filter((value) => value !== undefined).length

/** Canonical text of conditions, so that equal ones can be grouped. */
export function conditionText(when: When): string {
  const entries = Object.entries(when).filter(([, value]) => value !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(entries.map(([key, value]) => [key, Array.isArray(value) ? [...value].sort() : value]))
}

/** Whether `pattern` (exact, or with a trailing `*`) covers a model; the longer the pattern, the better it fits. */
export const modelMatches = (pattern: string, model: string): boolean =>
  pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : pattern === model
