/** What `setup` is to write: accounts and a cap, from flags or from answers. */
import type { ProviderChoice } from '../../compose/offline.ts'
import { CliError } from '../exit.ts'

export interface Account {
  /** Name under `providers`. */
  readonly name: string
  readonly type: string
  readonly baseUrl?: string
  readonly key?: AccountKey
  /** What else the type needs, by the names of its options. */
  readonly options?: Readonly<Record<string, string>>
  /** As the server calls them; for servers whose models nobody can know beforehand. */
  readonly models?: readonly string[]
  /** Exact USD per picture, for all its models; `0` is a price. */
  readonly perImage?: string
}

export type AccountKey =
  /** `${VARIABLE}` in the file; `secret` was typed only to test it. */
  | { readonly kind: 'variable'; readonly variable: string; readonly secret?: string }
  /** The key itself in the file. */
  | { readonly kind: 'text'; readonly secret: string }

export interface SetupPlan {
  readonly accounts: readonly Account[]
  /** Exact decimal text; undefined leaves the cap as it is. */
  readonly maxUsdPerDay?: string
}

export interface SetupFlags {
  /** `type`, or `name=type`. */
  readonly provider?: readonly string[]
  /** `name=url`. */
  readonly baseUrl?: readonly string[]
  /** `name=VARIABLE`. */
  readonly keyEnv?: readonly string[]
  /** `name.option=value`. */
  readonly option?: readonly string[]
  /** `name=model,model`. */
  readonly models?: readonly string[]
  /** `name=usd`. */
  readonly perImage?: readonly string[]
  readonly maxUsdPerDay?: string
}

const USD = /^\d{1,9}(\.\d{1,9})?$/
export const isUsd = (text: string): boolean => USD.test(text)

function requireUsd(text: string): void {
  if (!isUsd(text)) throw new CliError('usage', `"${text}" is not an amount.`, { remedy: 'Write USD such as 10 or 2.50.' })
}

/** `a, b` -> two models. */
export const modelsOf = (text: string): string[] =>
  text
    .split(',')
    .map((model) => model.trim())
    .filter((model) => model !== '')

/** The usual variable of a type, else one made of the account's name. */
export function variableOf(name: string, choice: ProviderChoice): string {
  if (choice.variable !== undefined && name === choice.type) return choice.variable
  return `${name
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_')
    .replace(/^(\d)/, '_$1')}_API_KEY`
}

/** The plan of flags alone, for `--yes`. */
export function planOfFlags(
  flags: SetupFlags,
  choices: readonly ProviderChoice[],
  env: Readonly<Record<string, string | undefined>>,
): SetupPlan {
  const urls = pairsOf('--base-url', flags.baseUrl)
  const variables = pairsOf('--key-env', flags.keyEnv)
  const models = pairsOf('--models', flags.models)
  const options = optionsOf(flags.option)
  const prices = pairsOf('--per-image', flags.perImage)
  const named = (flags.provider ?? []).map((text): readonly [string, string] => {
    const [name = '', type] = text.split('=', 2)
    return [name, type ?? name]
  })
  for (const name of [urls, variables, models, prices, options].flatMap((pairs) => [...pairs.keys()])) {
    if (!named.some(([known]) => known === name)) throw new CliError('usage', `There is no --provider named "${name}".`)
  }
  const accounts = named.map(([name, type]): Account => {
    const choice = choices.find((it) => it.type === type)
    if (choice === undefined) {
      throw new CliError('usage', `"${type}" is no kind of provider.`, {
        remedy: `Known are ${choices.map((it) => it.type).join(', ')}.`,
      })
    }
    const baseUrl = urls.get(name)
    if (choice.needsBaseUrl && baseUrl === undefined) {
      throw new CliError('usage', `"${name}" needs an address.`, { remedy: `Add --base-url ${name}=http://host:port/v1.` })
    }
    const missing = choice.options.find((option) => options.get(name)?.[option.name] === undefined)
    if (missing) {
      throw new CliError('usage', `"${name}" needs the option ${missing.name}. ${missing.description}`.trim(), {
        remedy: `Add --option ${name}.${missing.name}=value.`,
      })
    }
    if (choice.needsBaseUrl && !choice.findsModels && !models.has(name)) {
      throw new CliError('usage', `Nobody knows which models "${name}" serves.`, { remedy: `Add --models ${name}=model,model.` })
    }
    const variable = variables.get(name) ?? variableOf(name, choice)
    const wanted = choice.requiresKey || variables.has(name) || env[variable] !== undefined
    const perImage = prices.get(name)
    if (perImage !== undefined) requireUsd(perImage)
    return {
      name,
      type,
      ...(baseUrl === undefined ? {} : { baseUrl }),
      ...(wanted ? { key: { kind: 'variable', variable } } : {}),
      ...(options.has(name) ? { options: options.get(name) ?? {} } : {}),
      ...(models.has(name) ? { models: modelsOf(models.get(name) ?? '') } : {}),
      ...(perImage === undefined ? {} : { perImage }),
    }
  })
  const { maxUsdPerDay } = flags
  if (maxUsdPerDay !== undefined) requireUsd(maxUsdPerDay)
  return { accounts, ...(maxUsdPerDay === undefined ? {} : { maxUsdPerDay }) }
}

/** By account and option. */
function optionsOf(texts: readonly string[] = []): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const options = new Map<string, Readonly<Record<string, string>>>()
  for (const text of texts) {
    const [, name, option, value] = /^([^=]+)\.([^=.]+)=(.+)$/.exec(text) ?? []
    if (name === undefined || option === undefined || value === undefined)
      throw new CliError('usage', `--option ${text} names no option.`, { remedy: 'Write name.option=value.' })
    options.set(name, { ...options.get(name), [option]: value })
  }
  return options
}

function pairsOf(flag: string, texts: readonly string[] = []): ReadonlyMap<string, string> {
  return new Map(
    texts.map((text) => {
      const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? []
      if (name === undefined || value === undefined)
        throw new CliError('usage', `${flag} ${text} has no value.`, { remedy: 'Write name=value.' })
      return [name, value] as const
    }),
  )
}
