/** A facts file: what is known about one provider type's offers, each value with its source. */
import { licences, trainingUses, watermarks } from '../offer-facts.ts'
import { type Check, check, choice, date, list, object, optional, pattern, required, text } from '../pricing/shape.ts'

/** A page that was read; entries name it by its key in `sources`. */
export interface StoredSource {
  readonly url: string
  readonly kind: 'official' | 'secondary' | 'assumed' | 'configuration'
  readonly checkedAt: string
  readonly note?: string
}

/** A value and the source that states it; `unknown` takes back what a default or an earlier entry says. */
export interface StoredFact {
  readonly value?: unknown
  /** Regions by the host that is called; the first pattern that fits. */
  readonly byHost?: Readonly<Record<string, readonly string[]>>
  readonly source: string
}

export type StoredFacts = Readonly<Partial<Record<StoredFactName, StoredFact | 'unknown'>>>
export const storedFactNames = ['region', 'retention', 'training', 'licence', 'watermark', 'credentials'] as const
export type StoredFactName = (typeof storedFactNames)[number]

export interface FactsFile {
  /** The codec's id. */
  readonly provider: string
  /**
   * Hosts these facts are about, `*` standing for anything; `private`: this machine and private networks. Of an account that
   * calls another host nothing is known.
   */
  readonly hosts: readonly string[] | 'private'
  readonly sources: Readonly<Record<string, StoredSource>>
  readonly defaults: StoredFacts
  /** By pattern of the model or of its wire name; later ones overrule earlier ones. */
  readonly models?: Readonly<Record<string, StoredFacts>>
}

const region = pattern(/^([a-z]{2}|global|self)$/, 'a country such as us, eu, global or self')
const days: Check = (value, path, problems) => {
  const isCount = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 36_500
  if (!isCount && value !== 'self') problems.push(`${path}: expected days, 0 or more, or self`)
}
const filled =
  (item: Check): Check =>
  (value, path, problems) => {
    list(item)(value, path, problems)
    if (Array.isArray(value) && value.length === 0) problems.push(`${path}: expected at least one`)
  }
const valueChecks: Readonly<Record<StoredFactName, Check>> = {
  region: filled(region),
  retention: days,
  training: choice(trainingUses),
  licence: choice(licences),
  watermark: choice(watermarks),
  credentials: choice(['c2pa', 'none']),
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const record =
  (item: Check): Check =>
  (value, path, problems) => {
    if (!isRecord(value)) problems.push(`${path}: expected an object`)
    else for (const [key, entry] of Object.entries(value)) item(entry, `${path}.${key}`, problems)
  }

const storedFact =
  (name: StoredFactName): Check =>
  (value, path, problems) => {
    if (value === 'unknown') return
    const shape = { source: required(text), value: optional(valueChecks[name]), byHost: optional(record(filled(region))) }
    object(shape)(value, path, problems)
    if (!isRecord(value)) return
    if ((value['value'] === undefined) === (value['byHost'] === undefined)) problems.push(`${path}: expected a value`)
    if (value['byHost'] !== undefined && name !== 'region') problems.push(`${path}.byHost: is for regions`)
  }

const storedFacts = object(Object.fromEntries(storedFactNames.map((name) => [name, optional(storedFact(name))])))
const hosts: Check = (value, path, problems) => {
  if (value !== 'private') filled(pattern(/^[a-z0-9.*-]+$/, 'a host name'))(value, path, problems)
}
const shape = object({
  provider: required(text),
  hosts: required(hosts),
  sources: required(
    record(
      object({
        url: required(text),
        kind: required(choice(['official', 'secondary', 'assumed', 'configuration'])),
        checkedAt: required(date),
        note: optional(text),
      }),
    ),
  ),
  defaults: required(storedFacts),
  models: optional(record(storedFacts)),
})

/** Read a facts file from parsed JSON. Raises `config_invalid` with every problem, also for a source that is not listed. */
export function loadFactsFile(json: unknown, name: string): FactsFile {
  const checked: Check = (value, path, problems) => {
    shape(value, path, problems)
    // A file of another shape has no sources to follow.
    if (problems.length > 0) return
    const file = value as FactsFile
    for (const { at, fact } of entriesOf(file)) {
      if (fact !== 'unknown' && !Object.hasOwn(file.sources, fact.source))
        problems.push(`${path}.${at}: its source "${fact.source}" is not among the sources`)
    }
  }
  check(checked, json, name)
  return json as FactsFile
}

/** Every entry with its place. */
export function entriesOf({ defaults, models = {} }: FactsFile): readonly {
  readonly at: string
  readonly fact: StoredFact | 'unknown'
}[] {
  const groups = [['defaults', defaults] as const, ...Object.entries(models).map(([model, facts]) => [model, facts] as const)]
  return groups.flatMap(([group, facts]) => Object.entries(facts).map(([name, fact]) => ({ at: `${group}.${name}`, fact })))
}
