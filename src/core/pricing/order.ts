/** Orders in plain words, as callers of the library write them, turned into what pricing works with. */
import { type Billed, HalftoneError } from '../error.ts'
import { parseDecimal } from '../money.ts'
import type { CandidateSettings } from '../offer.ts'
import type { Outcome, RefusalStage, ReportedCost } from '../outcome.ts'
import { promptFeatures } from '../prompt/features.ts'
import {
  type Background,
  type InputRole,
  type Operation,
  type OutputFormat,
  operations,
  outputFormats,
  parseSize,
  type Quality,
  qualities,
  type Size,
} from '../request.ts'
import { type Meter, meters, type Quantity, type Usage } from '../usage.ts'
import type { PricedOffer, PricedRequest, PricingInput, SettleInput } from './types.ts'

/** Which product: exactly one offer, or a model wherever it is cheapest. */
export type Product =
  | {
      /** `provider:publisher/name`, with `@region` and `+tier` behind it where the offer has them. */
      readonly offer: string
      readonly model?: never
    }
  | {
      /** `publisher/name`, from the provider that sells it for least without a service tier (batch, flex, priority). */
      readonly model: string
      readonly offer?: never
    }

/** A picture to price. Size and quality are what will be sent: the library knows prices, not what a model can do. */
export type Order = Product & {
  /** Output size, `1024x1024` or pixels. */
  readonly size: string | Size
  /** Needed where the price depends on it. */
  readonly quality?: Quality
  /** Images of this one call; 1 when absent. */
  readonly n?: number
  /** Counted where text is billed, and for its complexity where that matters; absent = an empty prompt. */
  readonly prompt?: string
  readonly negativePrompt?: string
  /** Edited and reference images: sizes, or objects with a role. */
  readonly inputs?: readonly (string | InputImage)[]
  /** `generate`, or `edit` where there are inputs, when absent. */
  readonly operation?: Operation
  readonly format?: OutputFormat
  readonly background?: Background
  readonly style?: 'vivid' | 'natural'
  readonly steps?: number
  /** Partial images of a stream; absent = not streamed. */
  readonly partialImages?: number
  /** The instant whose prices apply: a date, or ISO text. */
  readonly at: Date | string
  /** Already consumed this month, for tiers and free units counted by the month or contract. */
  readonly monthToDate?: Quantities
}

export interface InputImage extends Size {
  readonly role?: InputRole
}

/** Amounts by meter, in whole units: numbers, or decimal text with at most six decimals. */
export type Quantities = Readonly<Partial<Record<Meter, number | string>>>

/** How a call ended; `{}` is a success that reported nothing. */
export interface Finished {
  readonly outcome?: Outcome
  /** Of a refusal: before the image was made, or after. */
  readonly stage?: RefusalStage
  /** Images received; absent: all that were ordered, if it succeeded. */
  readonly images?: number
  /** What the provider metered. */
  readonly usage?: Quantities
  /** What the provider said it cost: it is charged as it is, and compared. */
  readonly reportedCost?: ReportedCost
  /** What is known about billing besides; absent: the price book's policy decides. */
  readonly billed?: Billed
  /** The provider gave a complete answer, even if an error. */
  readonly answered?: boolean
}

const OFFER = /^([^:\s]+):([^/@+\s]+\/[^@+\s]+)(?:@([^+\s]+))?(?:\+(\S+))?$/

/** Raises `invalid_value` when the text is no offer id. */
export function parseOffer(id: string): PricedOffer {
  const [, provider, model, region, tier] = OFFER.exec(id) ?? []
  if (!provider || !model) throw wrong('offer', id, 'provider:publisher/name, with @region and +tier where it has them')
  return { provider, providerType: provider, model, ...(region && { region }), ...(tier && { tier }) }
}

/** Raises `invalid_value` naming the field, what it was and what it should be. */
export function inputOf(order: Order, offer: PricedOffer): PricingInput {
  const { prompt = '', monthToDate } = order
  const request = requestOf(order)
  const candidate = { offer, settings: settingsOf(order) }
  const { complexity } = promptFeatures(prompt, { ...request, size: candidate.settings.size })
  return {
    candidate,
    request,
    promptComplexity: complexity,
    atUs: instantOf(order.at),
    ...(monthToDate && { monthToDate: usageOf('monthToDate', monthToDate) }),
  }
}

export function settleInputOf(input: PricingInput, finished: Finished): SettleInput {
  const { outcome = 'succeeded', billed, images, usage, ...rest } = finished
  const succeeded = outcome === 'succeeded' || outcome === 'partial'
  return {
    ...input,
    ...rest,
    outcome,
    billed: billed ?? (succeeded ? 'yes' : 'unknown'),
    ...(images !== undefined && { imagesMade: images }),
    ...(usage && { usage: usageOf('usage', usage) }),
  }
}

/** The instant in microseconds UTC. */
export function instantOf(at: Date | string): number {
  const ms = typeof at === 'string' ? Date.parse(at) : at?.getTime()
  if (!Number.isFinite(ms)) throw wrong('at', at, 'a Date or ISO text such as 2026-11-22')
  return ms * 1000
}

function settingsOf(order: Order): CandidateSettings {
  const { quality, n = 1, format = 'png', background, steps } = order
  if (quality !== undefined) oneOf('quality', quality, qualities)
  oneOf('format', format, outputFormats)
  if (!Number.isSafeInteger(n) || n < 1) throw wrong('n', n, 'a whole number from 1')
  if (steps !== undefined && (!Number.isSafeInteger(steps) || steps < 1)) throw wrong('steps', steps, 'a whole number from 1')
  return {
    size: sizeOf('size', order.size),
    format,
    n,
    ...(quality !== undefined && { quality }),
    ...(background !== undefined && { background }),
    ...(steps !== undefined && { steps }),
  }
}

function requestOf(order: Order): PricedRequest {
  const { prompt = '', negativePrompt, inputs = [], style, partialImages } = order
  const operation = order.operation ?? (inputs.length > 0 ? 'edit' : 'generate')
  oneOf('operation', operation, operations)
  return {
    operation,
    prompt,
    inputs: inputs.map((input) => {
      const { width, height } = sizeOf('inputs', input)
      return { role: (typeof input === 'object' && input.role) || 'image', width, height }
    }),
    stream: partialImages !== undefined,
    partialImages: partialImages ?? 0,
    ...(negativePrompt !== undefined && { negativePrompt }),
    ...(style !== undefined && { style }),
  }
}

function sizeOf(field: string, size: string | Size): Size {
  const { width = 0, height = 0 } = (typeof size === 'string' ? parseSize(size) : size) ?? {}
  const whole = (edge: number): boolean => Number.isSafeInteger(edge) && edge > 0
  if (!whole(width) || !whole(height)) throw wrong(field, size, 'a size such as 1024x1024')
  return { width, height }
}

function usageOf(field: string, quantities: Quantities): Usage {
  return Object.fromEntries(
    Object.entries(quantities).map(([meter, quantity]) => {
      if (!Object.hasOwn(meters, meter)) throw wrong(field, meter, `a meter: ${Object.keys(meters).join(', ')}`)
      return [meter, microOf(`${field}.${meter}`, quantity)]
    }),
  )
}

function microOf(field: string, quantity: number | string): Quantity {
  const text = String(quantity)
  if (!/^\d+(\.\d{1,6})?$/.test(text)) throw wrong(field, text, 'a number from 0 with at most 6 decimals')
  const { units, scale } = parseDecimal(text)
  return units * 10n ** BigInt(6 - scale)
}

function oneOf(field: string, value: string, values: readonly string[]): void {
  if (!values.includes(value)) throw wrong(field, value, `one of ${values.join(', ')}`)
}

const wrong = (field: string, value: unknown, expected: string): HalftoneError =>
  new HalftoneError('invalid_value', `${field}: ${JSON.stringify(value) ?? 'nothing'} is not ${expected}.`, { param: field })
