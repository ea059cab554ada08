/** What an examination of one configured account found, and what to do about it: one text for command line, API and dashboard. */
import { nearMatches } from './near-match.ts'
import type { FactName } from './offer-facts.ts'

/** What a type needs from its operator. */
export interface ProviderNeeds {
  readonly type: string
  readonly requiresKey: boolean
  /** Usual variables of the key, and whether each is set. */
  readonly variables: readonly { readonly variable: string; readonly isSet: boolean }[]
  readonly needsBaseUrl: boolean
  /** Options without which it does not work. */
  readonly options: readonly string[]
  readonly documentation: string | undefined
}

export type ProviderExam =
  | { readonly kind: 'unknown'; readonly configured: readonly string[]; readonly types: readonly string[] }
  /** A type that could be configured. */
  | { readonly kind: 'available'; readonly needs: ProviderNeeds }
  | {
      readonly kind: 'configured'
      readonly needs: ProviderNeeds
      readonly managedBy: string
      readonly disabled: boolean
      readonly keys: number
      readonly offers: readonly string[]
      /** Listed, never chosen. */
      readonly unpriced: readonly string[]
      /** Of an unconfirmed wire format: chosen only when they are named. */
      readonly assumed: readonly string[]
      readonly retired: readonly string[]
      /** Offers of which a fact is unknown, by fact. */
      readonly unknownFacts: Readonly<Record<FactName, number>>
      /** Of a call that is free; undefined: it has none. */
      readonly probe: { readonly ok: boolean; readonly message: string } | 'untested' | undefined
      /** Why the server did not say what it serves; undefined when it did, or is not asked. */
      readonly discoveryProblem: string | undefined
    }

export interface ExamFinding {
  /** `wrong` keeps it from working; `notice` is worth reading. */
  readonly level: 'ok' | 'notice' | 'wrong'
  readonly message: string
  readonly remedy?: string
}

/** In the order in which to mend them. */
export function examFindings(exam: ProviderExam, name: string): ExamFinding[] {
  if (exam.kind !== 'configured') return missing(exam, name)
  return [...accountFindings(exam, name), ...(exam.disabled ? [] : [...offerFindings(exam, name), ...factFindings(exam, name)])]
}

export const keyRemedy = (name: string): string =>
  `Check the key and the address of providers.${name}; \`halftone setup\` tests them as you type.`

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`

function missing(exam: Exclude<ProviderExam, { kind: 'configured' }>, name: string): ExamFinding[] {
  if (exam.kind === 'unknown') {
    const near = nearMatches(name, [...exam.configured, ...exam.types], 1)[0]
    const known = exam.configured.length > 0 ? `Configured: ${exam.configured.join(', ')}.` : 'None is configured.'
    const message = `${name}: no provider has this name, and no type`
    return [
      {
        level: 'wrong',
        message,
        remedy: near ? `Did you mean ${near}? ${known}` : `${known} Types: ${exam.types.join(', ')}.`,
      },
    ]
  }
  const { needs } = exam
  return [
    { level: 'wrong', message: `${name}: not configured`, remedy: howToConfigure(needs) },
    ...variableFindings(needs),
    ...documentation(needs),
  ]
}

/** One sentence: what to write where. */
export function howToConfigure({ type, requiresKey, variables, needsBaseUrl, options }: ProviderNeeds): string {
  const inFile = [...(needsBaseUrl ? ['baseUrl'] : []), ...options.map((option) => `options.${option}`)]
  const [first] = variables
  if (inFile.length === 0 && first) return `Set ${first.variable}, or add providers.${type} to halftone.yaml.`
  const key = requiresKey ? [first ? `apiKey: \${${first.variable}}` : 'apiKey'] : []
  return `Add providers.${type} with ${[...inFile, ...key].join(', ') || 'its models'} to halftone.yaml; \`halftone setup\` asks for it.`
}

const variableFindings = ({ variables }: ProviderNeeds): ExamFinding[] =>
  variables.map(({ variable, isSet }) => ({ level: 'ok', message: `${variable} is ${isSet ? 'set' : 'not set'}` }))

const documentation = ({ documentation: url }: ProviderNeeds): ExamFinding[] =>
  url === undefined ? [] : [{ level: 'ok', message: `documentation: ${url}` }]

type Configured = Extract<ProviderExam, { kind: 'configured' }>

function accountFindings({ needs, managedBy, disabled, keys, probe }: Configured, name: string): ExamFinding[] {
  const where = managedBy === 'environment' ? 'enabled by its variable' : 'configured in the file'
  const account: ExamFinding = { level: 'ok', message: `${name} (${needs.type}): ${where}${keys > 1 ? `, ${keys} keys` : ''}` }
  if (disabled)
    return [{ level: 'notice', message: `${name}: disabled`, remedy: `Remove disabled from providers.${name} to use it.` }]
  const key: ExamFinding[] =
    needs.requiresKey && keys === 0
      ? [
          {
            level: 'wrong',
            message: `${name}: has no API key`,
            remedy: `Set ${needs.variables.map(({ variable }) => variable).join(' or ') || 'apiKey'}, or add apiKey to providers.${name}.`,
          },
        ]
      : []
  return [account, ...key, reachedFinding(probe, name), ...documentation(needs)]
}

function reachedFinding(probe: Configured['probe'], name: string): ExamFinding {
  if (probe === undefined)
    return {
      level: 'notice',
      message: 'it has no call that is free, so the key was not tested',
      remedy: 'Try it with `halftone verify`.',
    }
  if (probe === 'untested') return { level: 'ok', message: 'its key was not tested since this gateway started' }
  return { level: probe.ok ? 'ok' : 'wrong', message: probe.message, ...(probe.ok ? {} : { remedy: keyRemedy(name) }) }
}

function offerFindings({ offers, unpriced, assumed, retired, discoveryProblem }: Configured, name: string): ExamFinding[] {
  const some = (ids: readonly string[]): string =>
    ids.slice(0, 5).join(', ') + (ids.length > 5 ? ` and ${ids.length - 5} more` : '')
  return [
    ...(discoveryProblem === undefined
      ? []
      : [
          {
            level: 'wrong',
            message: `it does not say what it serves: ${discoveryProblem}`,
            remedy: `Start the server, or list providers.${name}.models.`,
          } as const,
        ]),
    offers.length > 0
      ? { level: 'ok', message: `${plural(offers.length, 'offer')}; \`halftone models --provider ${name}\` lists them` }
      : { level: 'wrong', message: 'it offers nothing', remedy: `List its models under providers.${name}.models.` },
    ...(unpriced.length === 0
      ? []
      : [
          {
            level: 'notice',
            message: `without a price and never chosen: ${some(unpriced)}`,
            remedy: `Set providers.${name}.prices, such as {"*": {perImage: "0.01"}}.`,
          } as const,
        ]),
    ...(assumed.length === 0
      ? []
      : [
          {
            level: 'notice',
            message: `of a wire format nobody confirmed, chosen only by name: ${some(assumed)}`,
            remedy: `See whether they work with \`halftone verify ${name}\`.`,
          } as const,
        ]),
    ...(retired.length === 0 ? [] : [{ level: 'notice', message: `retired by the provider: ${some(retired)}` } as const]),
  ]
}

/** Which facts no route can require of it, until the operator says them. */
function factFindings({ offers, unknownFacts }: Pick<Configured, 'offers' | 'unknownFacts'>, name: string): ExamFinding[] {
  const unknown = Object.entries(unknownFacts).filter(([, count]) => count > 0)
  if (offers.length === 0) return []
  if (unknown.length === 0) return [{ level: 'ok', message: 'region, retention, training, licence and watermark are known' }]
  const words = unknown.map(([fact, count]) => (count === offers.length ? fact : `${fact} of ${count}`))
  return [
    {
      level: 'notice',
      message: `unknown, so routes that require it pass it over: ${words.join(', ')}`,
      remedy: `Set providers.${name}.facts to what your agreement says; \`halftone models --provider ${name} --facts\` shows what is known.`,
    },
  ]
}
