/** How facts about offers are shown: where they run, what is kept, and so on. */
import type { ModelWire } from '../contract/admin.ts'
import type { OfferFactsWire } from '../contract/facts.ts'
import { factText } from '../core/offer-facts.ts'
import type { Output } from './context.ts'
import { renderTable } from './table.ts'

const columns = ['region', 'retention', 'training', 'licence', 'watermark'] as const

const shown = (facts: OfferFactsWire, name: (typeof columns)[number]): string => {
  const fact = facts[name]
  if (!fact) return '-'
  return factText(name, fact.value) + (fact.source.kind === 'assumed' ? ' (assumed)' : '')
}

/** Offers only: a model or a route has those of whichever offer serves. */
export function factTable(models: readonly ModelWire[], out: Output): string[] {
  const rows = models.flatMap(({ id, halftone }) =>
    halftone?.facts === undefined ? [] : [{ cells: [id, ...columns.map((name) => shown(halftone.facts ?? unknown, name))] }],
  )
  const headers = [{ header: 'OFFER', shrinkTo: 20 }, ...columns.map((name) => ({ header: name.toUpperCase() }))]
  return [...renderTable(headers, rows, out), '', '- is unknown, which meets no requirement of a route']
}

const unknown: OfferFactsWire = {
  region: null,
  retention: null,
  training: null,
  licence: null,
  watermark: null,
  credentials: null,
}

/** With the source of each. */
export const factPairs = (facts: OfferFactsWire): readonly (readonly [string, string])[] =>
  columns.map((name) => {
    const source = facts[name]?.source
    const label = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`
    return [label, source ? `${shown(facts, name)} (${source.kind}, ${source.checked_at}: ${source.url})` : 'unknown'] as const
  })
