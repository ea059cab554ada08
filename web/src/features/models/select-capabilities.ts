/** What an offer can do and what is known about it, in words. Pure. */
import type { ModelWire } from '../../../../src/contract/admin.ts'
import type { OfferFactsWire } from '../../../../src/contract/facts.ts'

type Model = NonNullable<ModelWire['halftone']>

const listed = (values: readonly (string | number)[]): string => values.join(', ').replaceAll('_', ' ')

/** Lines of what it has; what it has not is left out, but for how many it makes at once. */
export function capabilityLines(model: Model): readonly (readonly [name: string, text: string])[] {
  const all: readonly (readonly [string, string])[] = [
    ['Operations', listed(model.operations)],
    ['Sizes', model.sizes],
    ['Qualities', listed(model.qualities)],
    ['Formats', listed(model.formats)],
    ['Images a call', model.max_n > 1 ? `up to ${model.max_n}` : 'one'],
    ['Pictures sent', model.max_inputs === 0 ? '' : `up to ${model.max_inputs}${model.mask ? ', with a mask' : ''}`],
    ['Control', listed(model.controls)],
    ['Enlarges', model.upscale.map((factor) => `${factor}x`).join(', ')],
    ['Streams', model.streaming ? 'yes' : ''],
    ['Parameters', listed(model.parameters)],
    ['Wire format', model.assumed ? 'assumed: chosen only when it is named' : ''],
    ['Retires', model.retired_at ?? ''],
  ]
  return all.filter(([, text]) => text !== '')
}

export interface FactLine {
  readonly name: string
  readonly text: string
  /** Null: unknown, which meets no requirement. */
  readonly source: {
    readonly kind: string
    readonly url: string
    readonly checkedAt: string
    readonly note: string | null
  } | null
}

const names: Readonly<Record<keyof OfferFactsWire, string>> = {
  region: 'Runs in',
  retention: 'Keeps what is sent',
  training: 'Trains on it',
  licence: 'Commercial use',
  watermark: 'Watermark',
  credentials: 'Credentials',
}

const words: Readonly<Record<string, string>> = {
  no: 'never',
  'opt-out': 'unless you opt out',
  yes: 'yes',
  commercial: 'allowed',
  conditions: 'under conditions',
  none: 'none',
  self: 'on your own machines',
}

export function factLines(facts: OfferFactsWire): readonly FactLine[] {
  return (Object.keys(names) as (keyof OfferFactsWire)[]).map((name) => {
    const fact = facts[name]
    if (!fact) return { name: names[name], text: 'unknown', source: null }
    const { kind, url, checked_at: checkedAt, note = null } = fact.source
    return { name: names[name], text: valueText(name, fact.value), source: { kind, url, checkedAt, note } }
  })
}

function valueText(name: keyof OfferFactsWire, value: string | number | readonly string[]): string {
  if (Array.isArray(value))
    return value.map((place) => (place.length === 2 && place !== 'eu' ? place.toUpperCase() : place)).join(', ')
  if (typeof value === 'number') return value === 0 ? 'not at all' : `for ${value} days at most`
  const text = String(value)
  return name === 'retention' && text === 'self' ? 'on your own machines' : (words[text] ?? text)
}
