/** The generated parts of the providers' reference: from definitions, their offers, their fixtures and the price books. */
import { z } from 'zod'
import { loadFacts } from '../src/config/facts-files.ts'
import { loadPriceFiles } from '../src/config/price-files.ts'
import type { Capabilities, SizeRule } from '../src/core/capability.ts'
import type { Offer } from '../src/core/offer.ts'
import type { CompiledPrices } from '../src/core/pricing/compiled.ts'
import { compilePriceBooks, rateSummary } from '../src/core/pricing/index.ts'
import type { PriceBook } from '../src/core/pricing/price-book.ts'
import { formatSize } from '../src/core/request.ts'
import type { ProviderDefinition } from '../src/providers/define-provider.ts'
import { providers } from '../src/providers/index.ts'
import { factsTable } from './facts-reference.ts'
import { countErrors, errorCounts } from './provider-errors-reference.ts'
import { type Cell, cells, claimedCells, fixtureNames, provenCells, testAccount } from './provider-matrix.ts'

interface Subject {
  readonly definition: ProviderDefinition
  readonly offers: readonly Offer[]
  readonly book: PriceBook | undefined
  readonly prices: CompiledPrices
  /** The day the page's prices are of: the newest source of any book, so that the page changes with the books only. */
  readonly atUs: number
}

/** Name of a marked section of docs/reference/providers.md, and its content. */
export async function providersReference(): Promise<Readonly<Record<string, string>>> {
  const subjects = await readSubjects()
  return {
    counts: countsOf(subjects),
    matrix: matrixOf(subjects),
    facts: factsTable(await loadFacts(), subjects),
    providers: subjects.map(sectionOf).join('\n\n'),
  }
}

async function readSubjects(): Promise<readonly Subject[]> {
  const { books, fx } = await loadPriceFiles()
  const prices = compilePriceBooks({ books, fx, overlays: [] })
  const newest =
    books
      .map(({ book }) => book.source.checkedAt)
      .sort()
      .at(-1) ?? '2026-01-01'
  const atUs = Date.parse(newest) * 1_000
  return Object.values<ProviderDefinition>(providers)
    .map((definition) => ({
      definition,
      offers: definition.offers({ name: definition.id, type: definition.id, ...testAccount(definition.id) }),
      book: books.find(({ book }) => book.provider === definition.id)?.book,
      prices,
      atUs,
    }))
    .sort((a, b) => (a.definition.id < b.definition.id ? -1 : 1))
}

const row = (items: readonly string[]): string => `| ${items.map((item) => item.replaceAll('|', '\\|')).join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
const code = (text: string): string => `\`${text}\``
const listed = (items: readonly string[]): string => items.join(', ')

/** Counted, not claimed. A server of one's own has whatever models it has, so its test account's are left out. */
function countsOf(subjects: readonly Subject[]): string {
  const known = subjects.filter(({ definition }) => testAccount(definition.id).models === undefined)
  const offers = known.flatMap((subject) => subject.offers)
  const models = new Set(offers.map(({ model }) => model))
  const rows = [
    ['provider types', String(subjects.length)],
    ['models they know', String(models.size)],
    ['offers of these', String(offers.length)],
    ['of these retired, or with an announced end', String(offers.filter(({ retiredAt }) => retiredAt !== undefined).length)],
    [
      'of these with a wire format nobody confirmed, never chosen by `auto`',
      String(offers.filter(({ assumed }) => assumed).length),
    ],
    ['of these without a known price, never chosen at all', String(known.flatMap(unpriced).length)],
    ['recorded exchanges that test them', String(subjects.flatMap(({ definition }) => fixtureNames(definition.id)).length)],
    ['documented errors, each shown by one of these', String(countErrors(subjects.map(({ definition }) => definition.id)))],
  ]
  return table(['what', 'count'], rows)
}

const unpriced = ({ offers, prices, atUs }: Subject): readonly Offer[] =>
  offers.filter((offer) => offer.retiredAt === undefined && rateSummary(prices, offer, atUs) === undefined)

const cellWords: Readonly<Record<Cell, string>> = {
  generate: 'generate',
  edit: 'edit',
  mask: 'mask',
  outpaint: 'outpaint',
  variation: 'variation',
  upscale: 'upscale',
  remove_background: 'cut out',
  control: 'control',
  stream: 'stream',
  async: 'jobs',
  cancel: 'cancel',
  reported_cost: 'cost told',
  refusal: 'refusal',
}

function matrixOf(subjects: readonly Subject[]): string {
  const rows = subjects.map(({ definition, offers }) => {
    const proven = provenCells(definition.id)
    const claimed = claimedCells(offers.map(({ capabilities }) => capabilities))
    return [code(definition.id), ...cells.map((cell) => proven.get(cell) ?? (claimed.has(cell) ? 'yes' : ''))]
  })
  return table(['provider', ...cells.map((cell) => cellWords[cell])], rows)
}

function sectionOf(subject: Subject): string {
  const { definition, offers } = subject
  const facts = factsOf(subject).map(([name, value]) => `- **${name}**: ${value}`)
  const models = table(
    ['model', 'does', 'sizes', 'images', 'parameters', 'price'],
    offers.map((offer) => modelRow(subject, offer)),
  )
  return [`### ${definition.id}`, facts.join('\n'), models].join('\n\n')
}

function factsOf({ definition, offers, book }: Subject): readonly (readonly [string, string])[] {
  const { keyVariables = [], facts } = definition
  const jobs = offers.filter(({ capabilities }) => capabilities.asyncJobs)
  const cancelling = offers.filter(({ capabilities }) => capabilities.cancelStopsBilling)
  return [
    ['Key', keyWords(definition, keyVariables)],
    ['Address', addressWords(definition)],
    ...optionFacts(definition),
    [
      'Jobs',
      jobs.length === 0
        ? 'none: answers at once'
        : `${jobs.length} of ${offers.length} offers answer with a job that is polled and resumed after a restart`,
    ],
    [
      'Leaving',
      cancelling.length === 0
        ? 'giving up a call does not stop its bill'
        : `giving up stops the bill at ${cancelling.length} of ${offers.length} offers`,
    ],
    ['Cost told', facts?.reportsCost ?? 'nowhere: worked out from what the answer says was used'],
    ['Errors', errorCounts(definition.id)],
    ['Refusals', facts?.refusals ?? 'whether they are billed is not documented'],
    [
      'Prices',
      book
        ? `${code(`prices/${book.provider}.json`)}, ${book.skus.flatMap(({ rates }) => rates).length} rates`
        : 'your own, under `prices`',
    ],
    ...(definition.discover
      ? ([['Models', 'asked of the server at start and every minute, unless `models` lists them']] as const)
      : []),
    ...(facts ? ([['Documentation', `<${facts.documentation}>`]] as const) : []),
  ]
}

function keyWords({ requiresKey }: ProviderDefinition, variables: readonly string[]): string {
  const named = variables.map(code).join(' or ')
  if (named) return requiresKey ? named : `${named}, if it wants one`
  return requiresKey ? '`apiKey` in the file' : 'none, unless the server wants one'
}

function addressWords({ baseUrl }: ProviderDefinition): string {
  if (baseUrl === undefined) return '`baseUrl` in the file'
  return typeof baseUrl === 'string' ? code(baseUrl) : 'follows from the options'
}

interface OptionsSchema {
  readonly properties?: Readonly<Record<string, { readonly description?: string; readonly default?: unknown }>>
  readonly required?: readonly string[]
}

function optionFacts({ options }: ProviderDefinition): readonly (readonly [string, string])[] {
  if (!options) return []
  // Only what is read here.
  const { properties = {}, required = [] } = z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' }) as OptionsSchema
  return Object.entries(properties).map(([name, property]) => {
    const notes = [
      ...(required.includes(name) ? ['needed'] : []),
      ...(property.default === undefined ? [] : [`default ${code(JSON.stringify(property.default))}`]),
    ]
    return [
      `Option ${code(name)}`,
      `${property.description ?? ''}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`.trim(),
    ] as const
  })
}

function modelRow({ prices, atUs }: Subject, offer: Offer): readonly string[] {
  const { capabilities, tier, region } = offer
  const place = `${region ? `@${region}` : ''}${tier ? `+${tier}` : ''}`
  return [
    code(`${offer.model}${place}`),
    listed(doesOf(capabilities)),
    sizesOf(capabilities),
    imagesOf(capabilities),
    listed(capabilities.parameters.map((name) => `${code(name)}${name === 'steps' ? limitsOf(capabilities) : ''}`)),
    priceOf(prices, offer, atUs),
  ]
}

const doesOf = ({ operations, mask, controls = [], maxPartialImages }: Capabilities): readonly string[] => [
  ...operations,
  ...(mask ? ['mask'] : []),
  ...(controls.length > 0 ? [`control (${listed(controls)})`] : []),
  ...(maxPartialImages === undefined ? [] : ['stream']),
]

/** More sizes than this are counted, with the extremes. */
const MAX_LISTED_SIZES = 6

const limitsOf = ({ steps }: Capabilities): string => (steps ? ` (${steps.min} to ${steps.max})` : '')

function sizesOf({ sizes, defaultSize, qualities }: Capabilities): string {
  return [
    sizeWords(sizes),
    `default ${formatSize(defaultSize)}`,
    ...(qualities.length > 0 ? [`quality ${listed(qualities)}`] : []),
  ].join('; ')
}

function sizeWords(rule: SizeRule): string {
  if (rule.kind === 'any') return 'any'
  if (rule.kind === 'area')
    return `edges ${rule.minEdge} to ${rule.maxEdge} in steps of ${rule.multipleOf}, up to ${rule.maxAspect}:1`
  if (rule.sizes.length <= MAX_LISTED_SIZES) return listed(rule.sizes.map(formatSize))
  const byArea = [...rule.sizes].sort((a, b) => a.width * a.height - b.width * b.height)
  return `${byArea.length} from ${formatSize(byArea[0] ?? rule.sizes[0] ?? { width: 0, height: 0 })} to ${formatSize(byArea.at(-1) ?? { width: 0, height: 0 })}`
}

const imagesOf = ({ maxN, maxInputs, formats }: Capabilities): string =>
  `${maxN} per call, ${maxInputs === 0 ? 'no input' : `${maxInputs} in`}; ${listed(formats)}`

function priceOf(prices: CompiledPrices, offer: Offer, atUs: number): string {
  const notes = [
    ...(offer.assumed ? ['assumed'] : []),
    ...(offer.retiredAt === undefined
      ? []
      : [`ends ${offer.retiredAt}${offer.replacedBy ? `, then ${code(offer.replacedBy)}` : ''}`]),
  ]
  const price = rateSummary(prices, offer, atUs)?.text ?? 'unpriced'
  return [price, ...notes].join('; ')
}
