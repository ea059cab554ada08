/** The models endpoint as groups to choose from, and what the chosen one can do. */
import type { ModelWire } from '../../../../src/contract/admin.ts'

type Kind = NonNullable<ModelWire['halftone']>['kind']

export interface ModelOption {
  readonly id: string
  /** One line: price form and range. */
  readonly price: string
  readonly unpriced: boolean
  readonly retired: boolean
}

export interface ModelGroup {
  readonly label: string
  readonly hint: string
  readonly options: readonly ModelOption[]
}

const groups: readonly { readonly kinds: readonly Kind[]; readonly label: string; readonly hint: string }[] = [
  { kinds: ['route', 'alias'], label: 'Routes', hint: 'the gateway chooses' },
  { kinds: ['model'], label: 'Models', hint: 'any provider that sells it' },
  { kinds: ['offer'], label: 'Offers', hint: 'one model at one provider' },
]

/** Groups holding the models that match every word of `search`; empty groups are left out. */
export function selectModelGroups(models: readonly ModelWire[], search: string): readonly ModelGroup[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  return groups.flatMap(({ kinds, label, hint }) => {
    const options = models
      .filter((model) => canGenerate(model) && kinds.includes(model.halftone?.kind ?? 'model') && matches(model, words))
      .map(optionOf)
    return options.length > 0 ? [{ label, hint, options }] : []
  })
}

/** A route names no operations: that depends on the offer it will choose. */
const canGenerate = ({ halftone }: ModelWire): boolean =>
  halftone === undefined || halftone.operations.length === 0 || halftone.operations.includes('generate')

const matches = (model: ModelWire, words: readonly string[]): boolean =>
  words.every((word) => model.id.toLowerCase().includes(word))

const optionOf = (model: ModelWire): ModelOption => ({
  id: model.id,
  price: model.halftone?.price ?? '',
  unpriced: model.halftone?.priced === false,
  retired: model.halftone?.retired_at != null,
})

export interface Choices {
  readonly sizes: readonly string[]
  readonly qualities: readonly string[]
  readonly formats: readonly string[]
  /** Whether some offer behind the choice takes a seed. */
  readonly seed: boolean
  /** The sizes in words, as the model declares them. */
  readonly sizeRule: string
}

const commonSizes = ['1024x1024', '1536x1024', '1024x1536', '512x512']
const MAX_LISTED_SIZES = 10

/** What can be chosen with this model; broad choices where it does not say, and the gateway then answers. */
export function selectChoices(model: ModelWire | undefined): Choices {
  const facts = model?.halftone
  const named = [...new Set(facts?.sizes.match(/\b[1-9]\d{1,4}x[1-9]\d{1,4}\b/g) ?? [])]
  const isList = facts !== undefined && facts.sizes.replaceAll(/\d+x\d+|[\s,;]|or|and/g, '') === ''
  return {
    sizes: (isList && named.length > 0 ? named : commonSizes).slice(0, MAX_LISTED_SIZES),
    qualities:
      facts === undefined || facts.kind === 'route' ? orDefault(facts?.qualities, ['low', 'medium', 'high']) : facts.qualities,
    formats: orDefault(facts?.formats, ['png', 'jpeg', 'webp']),
    seed: facts === undefined || facts.kind === 'route' || facts.parameters.includes('seed'),
    sizeRule: facts?.sizes ?? '',
  }
}

const orDefault = (values: readonly string[] | undefined, fallback: readonly string[]): readonly string[] =>
  values && values.length > 0 ? values : fallback
