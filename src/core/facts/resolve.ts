/** From facts files and an operator's own word to the facts of one offer. */
import type { Offer } from '../offer.ts'
import type { Fact, OfferFacts } from '../offer-facts.ts'
import { type FactsFile, type StoredFact, type StoredFactName, type StoredFacts, storedFactNames } from './parse.ts'

export interface FactsContext {
  readonly file: FactsFile | undefined
  /** Host that the account calls; undefined: none. */
  readonly host: string | undefined
  readonly isPrivateHost: boolean
  /** What the configuration says of the account; it goes before the file. */
  readonly own?: OfferFacts
}

/** What is known of an offer; facts without a source that applies are absent. */
export function factsOf(offer: Pick<Offer, 'model' | 'wireModel'>, context: FactsContext): OfferFacts {
  const { file, own } = context
  const stored = file && appliesTo(file, context) ? storedOf(file, offer, context.host) : {}
  return { ...stored, ...own }
}

/** An account that calls another host is somebody else's, whatever it speaks. */
function appliesTo({ hosts }: FactsFile, { host, isPrivateHost }: FactsContext): boolean {
  if (hosts === 'private') return isPrivateHost
  return host !== undefined && hosts.some((pattern) => fits(pattern, host))
}

function storedOf(file: FactsFile, offer: Pick<Offer, 'model' | 'wireModel'>, host: string | undefined): OfferFacts {
  const layers: StoredFacts[] = [file.defaults]
  for (const [pattern, facts] of Object.entries(file.models ?? {})) {
    if (fits(pattern, offer.model) || fits(pattern, offer.wireModel)) layers.push(facts)
  }
  const known: Partial<Record<StoredFactName, Fact<unknown>>> = {}
  for (const name of storedFactNames) {
    const stored = layers.findLast((layer) => layer[name] !== undefined)?.[name]
    const fact = stored === undefined || stored === 'unknown' ? undefined : factFrom(stored, file, host)
    if (fact) known[name] = fact
  }
  // Every value was checked against its name when the file was read.
  return known as OfferFacts
}

function factFrom(stored: StoredFact, { sources }: FactsFile, host: string | undefined): Fact<unknown> | undefined {
  const source = sources[stored.source]
  const value = stored.byHost ? hostValue(stored.byHost, host) : stored.value
  return source === undefined || value === undefined ? undefined : { value, source }
}

const hostValue = (byHost: NonNullable<StoredFact['byHost']>, host: string | undefined): readonly string[] | undefined =>
  host === undefined ? undefined : Object.entries(byHost).find(([pattern]) => fits(pattern, host))?.[1]

/** `*` stands for any text. Patterns are short and come from files of ours. */
export function fits(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === text
  if (!text.startsWith(first)) return false
  const last = rest.pop() ?? ''
  let at = first.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}
