/** What happens in a month of the simulated world, drawn by seed with the rates of the reference (routing benchmark, 5.1). */
import { categories, type PromptClass } from '../prompt/lexicon.ts'
import { catalogue } from './catalogue.ts'
import { classes } from './classes.ts'
import { between, createRandom, normalOf, poisson } from './random.ts'
import { DAY_US, HOUR_US, MONTH_DAYS, MONTH_START_US } from './time.ts'

interface Span {
  readonly fromUs: number
  readonly toUs: number
}

export interface WorldEvents {
  readonly priceChanges: readonly { readonly model: string; readonly atUs: number; readonly factor: number }[]
  readonly outages: readonly (Span & { readonly provider: string })[]
  readonly spells: readonly (Span & { readonly model: string })[]
  readonly drifts: readonly (Span & { readonly model: string; readonly factor: number })[]
  readonly regression: { readonly model: string; readonly atUs: number; readonly lost: number }
  /** By `provider/topic`. */
  readonly refusals: ReadonlyMap<string, number>
  /** True rating minus public rating, by `model/class index`. */
  readonly qualityErrors: ReadonlyMap<string, number>
}

export function drawEvents(seed: number): WorldEvents {
  const random = createRandom(Math.imul(seed + 1, 0x9e3779b1))
  const models = catalogue.map(({ model }) => model)
  const providers = [...new Set(catalogue.map(({ provider }) => provider))]
  const somewhere = (low = 0, high = MONTH_DAYS): number => MONTH_START_US + between(random, low, high) * DAY_US
  return {
    priceChanges: drawPriceChanges(random, somewhere),
    outages: drawOutages(random, somewhere, providers),
    spells: Array.from({ length: 8 + Math.floor(random() * 5) }, () => {
      const fromUs = somewhere()
      return { model: anyOf(random, models), fromUs, toUs: fromUs + between(random, 0.25, 2) * HOUR_US }
    }),
    drifts: Array.from({ length: 1 + Math.floor(random() * 2) }, () => {
      const fromUs = somewhere(1, 26)
      const model = anyOf(random, models)
      return { model, fromUs, toUs: fromUs + between(random, 1, 3) * DAY_US, factor: between(random, 1.5, 2.5) }
    }),
    regression: { model: anyOf(random, models), atUs: somewhere(8, 22), lost: 60 },
    refusals: drawRefusals(random, providers),
    qualityErrors: new Map(
      models.flatMap((model) => classes.map((_, index) => [`${model}/${index}`, 8 * normalOf(random(), random())] as const)),
    ),
  }
}

const anyOf = <Item>(random: () => number, items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item

/** Two to four models change their price by 10 to 50 %. Prices with volume tiers are those of a contract and stay. */
function drawPriceChanges(random: () => number, somewhere: (low: number, high: number) => number): WorldEvents['priceChanges'] {
  const free = catalogue.filter(({ tiers, fromDay }) => !tiers && fromDay === undefined).map(({ model }) => model)
  return Array.from({ length: 2 + Math.floor(random() * 3) }, () => {
    const model = anyOf(random, free)
    const change = between(random, 0.1, 0.5)
    return { model, atUs: somewhere(1, 26), factor: random() < 0.5 ? 1 + change : 1 - change }
  })
}

/** Two to four per provider and quarter, all models of the provider at once; and one incident of 40 minutes. */
function drawOutages(random: () => number, somewhere: () => number, providers: readonly string[]): WorldEvents['outages'] {
  const outages = providers.flatMap((provider) =>
    Array.from({ length: poisson(1, random) }, () => {
      const fromUs = somewhere()
      return { provider, fromUs, toUs: fromUs + between(random, 0.5, 6) * HOUR_US }
    }),
  )
  const fromUs = somewhere()
  return [...outages, { provider: anyOf(random, providers), fromUs, toUs: fromUs + (40 / 60) * HOUR_US }]
}

/** Filters differ by provider and topic: most refuse next to nothing, some up to 15 %, one pair more than half. */
function drawRefusals(random: () => number, providers: readonly string[]): ReadonlyMap<string, number> {
  const topics: readonly PromptClass[] = [...categories, 'other']
  const refusals = new Map<string, number>()
  for (const provider of providers) {
    for (const topic of topics)
      refusals.set(`${provider}/${topic}`, random() < 0.2 ? between(random, 0.02, 0.15) : 0.01 * random())
  }
  refusals.set(`${anyOf(random, providers)}/${anyOf(random, topics)}`, 0.55)
  return refusals
}
