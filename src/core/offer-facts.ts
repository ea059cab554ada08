/**
 * Facts about an offer that no answer shows: where it runs, what is kept, what it is trained on, what the picture may be used
 * for and how it is marked. Each has a source; what has none is unknown, and an unknown fact meets no requirement.
 */

export const factNames = ['region', 'retention', 'training', 'licence', 'watermark'] as const
export type FactName = (typeof factNames)[number]

/**
 * `official`: the provider's own page says so. `secondary`: somebody else's page does. `assumed`: shown, but it meets no
 * requirement. `configuration`: it follows from where the server runs. `operator`: the configuration file says so.
 */
export const factSourceKinds = ['official', 'secondary', 'assumed', 'configuration', 'operator'] as const
export type FactSourceKind = (typeof factSourceKinds)[number]

export interface FactSource {
  readonly kind: FactSourceKind
  /** The page, or the key of the configuration. */
  readonly url: string
  /** ISO date on which it was read. */
  readonly checkedAt: string
  readonly note?: string
}

export interface Fact<Value> {
  readonly value: Value
  readonly source: FactSource
}

/** `us`, `eu`, `sg`, ...: an ISO 3166 country in lower case, or `eu`. `global`: wherever there is room. `self`: the operator's own machines. */
export type Region = string

export const trainingUses = ['no', 'opt-out', 'yes', 'self'] as const
export type TrainingUse = (typeof trainingUses)[number]
export const licences = ['commercial', 'conditions', 'non-commercial'] as const
export type Licence = (typeof licences)[number]
export const watermarks = ['none', 'invisible', 'visible'] as const
export type Watermark = (typeof watermarks)[number]

export interface OfferFacts {
  /** Every place where a picture may be made. */
  readonly region?: Fact<readonly Region[]>
  /** Days that prompts and pictures are kept at most, by default; 0: not beyond the answer. `self`: nobody else has them. */
  readonly retention?: Fact<number | 'self'>
  /** Whether models are trained on what is sent. `opt-out`: unless the account says no. `self`: nobody else has it. */
  readonly training?: Fact<TrainingUse>
  /** Whether the picture may be used commercially; `conditions` are in the source. */
  readonly licence?: Fact<Licence>
  /** In the pixels: `invisible` as SynthID. */
  readonly watermark?: Fact<Watermark>
  /** Signed statements of origin in the file, such as C2PA; no watermark, and gone after a conversion. */
  readonly credentials?: Fact<'c2pa' | 'none'>
}

export interface FactRequirement {
  /** It may run in these and nowhere else. */
  readonly region?: readonly Region[]
  /** Kept for this many days at most. */
  readonly retentionDays?: number
  /** `opt-out` accepts what can be declined too. */
  readonly training?: 'no' | 'opt-out'
  /** `conditions` accepts a licence with conditions too. */
  readonly licence?: 'commercial' | 'conditions'
  /** `invisible` accepts none too. */
  readonly watermark?: 'none' | 'invisible'
}

export interface FactProblem {
  readonly fact: FactName
  /** `retention unknown`, `training: opt-out`. */
  readonly detail: string
}

/** The first requirement that is not met; undefined: all are. */
export function factProblem(facts: OfferFacts | undefined, required: FactRequirement): FactProblem | undefined {
  for (const fact of factNames) {
    const detail = problemOf(fact, facts ?? {}, required)
    if (detail !== undefined) return { fact, detail }
  }
  return undefined
}

function problemOf(name: FactName, facts: OfferFacts, required: FactRequirement): string | undefined {
  switch (name) {
    case 'region': {
      const { region: wanted } = required
      return wanted && judged(name, facts.region, (regions) => regions.length > 0 && regions.every((it) => wanted.includes(it)))
    }
    case 'retention': {
      const { retentionDays: most } = required
      return most === undefined ? undefined : judged(name, facts.retention, (days) => days === 'self' || days <= most)
    }
    case 'training': {
      const { training: wanted } = required
      return wanted && judged(name, facts.training, (use) => use === 'no' || use === 'self' || use === wanted)
    }
    case 'licence': {
      const { licence: wanted } = required
      return wanted && judged(name, facts.licence, (licence) => licence === 'commercial' || licence === wanted)
    }
    case 'watermark': {
      const { watermark: wanted } = required
      return wanted && judged(name, facts.watermark, (mark) => mark === 'none' || mark === wanted)
    }
  }
}

function judged<Value>(name: FactName, fact: Fact<Value> | undefined, meets: (value: Value) => boolean): string | undefined {
  if (!fact) return `${name} unknown`
  if (fact.source.kind === 'assumed') return `${name} only assumed`
  return meets(fact.value) ? undefined : `${name}: ${factText(name, fact.value)}`
}

/** As tables and messages show it: `eu, us`, `30 days`, `no`. */
export function factText(name: FactName | 'credentials', value: unknown): string {
  if (Array.isArray(value)) return value.join(', ')
  if (name !== 'retention' || typeof value !== 'number') return String(value)
  return value === 1 ? '1 day' : `${value} days`
}

/** Both at once: what meets the result meets each of them. */
export function bothRequired(
  first: FactRequirement | undefined,
  second: FactRequirement | undefined,
): FactRequirement | undefined {
  if (!first || !second) return first ?? second
  const { region, retentionDays, training, licence, watermark } = second
  const days = [first.retentionDays, retentionDays].filter((each) => each !== undefined)
  const regions = first.region && region ? first.region.filter((each) => region.includes(each)) : (first.region ?? region)
  const stricter = <Value>(strict: Value, one: Value | undefined, other: Value | undefined): Value | undefined =>
    one === strict ? one : (other ?? one)
  const both = {
    region: regions,
    retentionDays: days.length > 0 ? Math.min(...days) : undefined,
    training: stricter('no', first.training, training),
    licence: stricter('commercial', first.licence, licence),
    watermark: stricter('none', first.watermark, watermark),
  }
  // Only what is required is there.
  return Object.fromEntries(Object.entries(both).filter(([, value]) => value !== undefined)) as FactRequirement
}

/** `region eu, retention at most 0 days, training no`. */
export const describeRequirement = (required: FactRequirement): string =>
  [
    required.region && `region ${required.region.join(' or ')}`,
    required.retentionDays !== undefined && `retention at most ${factText('retention', required.retentionDays)}`,
    required.training && `training ${required.training}`,
    required.licence && `licence ${required.licence}`,
    required.watermark && `watermark ${required.watermark}`,
  ]
    .filter(Boolean)
    .join(', ')
