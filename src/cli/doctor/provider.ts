/** `doctor --provider`: what one provider lacks, in the order in which to mend it. */
import type { ProviderExam, ProviderNeeds } from '../../compose-doctor.ts'
import type { Config } from '../../config/index.ts'
import { nearMatches } from '../../core/near-match.ts'
import type { CliContext } from '../context.ts'
import { plural } from '../format.ts'
import { readVerifications, type Verification } from '../verify/memory.ts'
import type { Finding } from './finding.ts'
import { keyRemedy } from './gateway.ts'
import { checkPrices } from './local.ts'

const area = 'Providers'

/** Everything about the provider or type of this name. Never spends. */
export async function checkProvider(config: Config, name: string, { env, signal, nowMs }: CliContext): Promise<Finding[]> {
  const { examineProvider } = await import('../../compose-doctor.ts')
  const exam = await examineProvider(config, env, name, signal)
  if (exam.kind !== 'configured') return missing(exam, name)
  const verified = await verificationFindings(config, name, exam.offers)
  return [
    ...accountFindings(exam, name),
    ...(exam.disabled ? [] : [...offerFindings(exam, name), ...factFindings(exam, name)]),
    ...verified,
    ...(await checkPrices({ ...config, providers: onlyProvider(config, name) }, nowMs())),
  ]
}

const onlyProvider = ({ providers }: Config, name: string): Config['providers'] =>
  Object.fromEntries(Object.entries(providers).filter(([key]) => key === name))

function missing(exam: Exclude<ProviderExam, { kind: 'configured' }>, name: string): Finding[] {
  if (exam.kind === 'unknown') {
    const near = nearMatches(name, [...exam.configured, ...exam.types], 1)[0]
    const known = exam.configured.length > 0 ? `Configured: ${exam.configured.join(', ')}.` : 'None is configured.'
    const message = `${name}: no provider has this name, and no type`
    return [
      {
        level: 'wrong',
        area,
        message,
        remedy: near ? `Did you mean ${near}? ${known}` : `${known} Types: ${exam.types.join(', ')}.`,
      },
    ]
  }
  const { needs } = exam
  return [
    { level: 'wrong', area, message: `${name}: not configured`, remedy: howToConfigure(needs) },
    ...variableFindings(needs),
    ...documentation(needs),
  ]
}

function howToConfigure({ type, requiresKey, variables, needsBaseUrl, options }: ProviderNeeds): string {
  const inFile = [...(needsBaseUrl ? ['baseUrl'] : []), ...options.map((option) => `options.${option}`)]
  const [first] = variables
  if (inFile.length === 0 && first) return `Set ${first.variable}, or add providers.${type} to halftone.yaml.`
  const key = requiresKey ? [first ? `apiKey: \${${first.variable}}` : 'apiKey'] : []
  return `Add providers.${type} with ${[...inFile, ...key].join(', ') || 'its models'} to halftone.yaml; \`halftone setup\` asks for it.`
}

const variableFindings = ({ variables }: ProviderNeeds): Finding[] =>
  variables.map(({ variable, isSet }) => ({ level: 'ok', area, message: `${variable} is ${isSet ? 'set' : 'not set'}` }))

const documentation = ({ documentation: url }: ProviderNeeds): Finding[] =>
  url === undefined ? [] : [{ level: 'ok', area, message: `documentation: ${url}` }]

type Configured = Extract<ProviderExam, { kind: 'configured' }>

function accountFindings({ needs, managedBy, disabled, keys, probe }: Configured, name: string): Finding[] {
  const where = managedBy === 'environment' ? 'enabled by its variable' : 'configured in the file'
  const account: Finding = { level: 'ok', area, message: `${name} (${needs.type}): ${where}${keys > 1 ? `, ${keys} keys` : ''}` }
  if (disabled)
    return [{ level: 'notice', area, message: `${name}: disabled`, remedy: `Remove disabled from providers.${name} to use it.` }]
  const key: Finding[] =
    needs.requiresKey && keys === 0
      ? [
          {
            level: 'wrong',
            area,
            message: `${name}: has no API key`,
            remedy: `Set ${needs.variables.map(({ variable }) => variable).join(' or ') || 'apiKey'}, or add apiKey to providers.${name}.`,
          },
        ]
      : []
  const reached: Finding = probe
    ? { level: probe.ok ? 'ok' : 'wrong', area, message: probe.message, ...(probe.ok ? {} : { remedy: keyRemedy(name) }) }
    : {
        level: 'notice',
        area,
        message: 'it has no call that is free, so the key was not tested',
        remedy: 'Try it with `halftone verify`.',
      }
  return [account, ...key, reached, ...documentation(needs)]
}

function offerFindings({ offers, unpriced, assumed, retired, discoveryProblem }: Configured, name: string): Finding[] {
  const some = (ids: readonly string[]): string =>
    ids.slice(0, 5).join(', ') + (ids.length > 5 ? ` and ${ids.length - 5} more` : '')
  return [
    ...(discoveryProblem === undefined
      ? []
      : [
          {
            level: 'wrong',
            area,
            message: `it does not say what it serves: ${discoveryProblem}`,
            remedy: `Start the server, or list providers.${name}.models.`,
          } as const,
        ]),
    offers.length > 0
      ? { level: 'ok', area, message: `${plural(offers.length, 'offer')}; \`halftone models --provider ${name}\` lists them` }
      : { level: 'wrong', area, message: 'it offers nothing', remedy: `List its models under providers.${name}.models.` },
    ...(unpriced.length === 0
      ? []
      : [
          {
            level: 'notice',
            area,
            message: `without a price and never chosen: ${some(unpriced)}`,
            remedy: `Set providers.${name}.prices, such as {"*": {perImage: "0.01"}}.`,
          } as const,
        ]),
    ...(assumed.length === 0
      ? []
      : [
          {
            level: 'notice',
            area,
            message: `of a wire format nobody confirmed, chosen only by name: ${some(assumed)}`,
            remedy: `See whether they work with \`halftone verify ${name}\`.`,
          } as const,
        ]),
    ...(retired.length === 0 ? [] : [{ level: 'notice', area, message: `retired by the provider: ${some(retired)}` } as const]),
  ]
}

/** Which facts no route can require of it, until the operator says them. */
export function factFindings({ offers, unknownFacts }: Pick<Configured, 'offers' | 'unknownFacts'>, name: string): Finding[] {
  const unknown = Object.entries(unknownFacts).filter(([, count]) => count > 0)
  if (offers.length === 0) return []
  if (unknown.length === 0)
    return [{ level: 'ok', area, message: 'region, retention, training, licence and watermark are known' }]
  const words = unknown.map(([fact, count]) => (count === offers.length ? fact : `${fact} of ${count}`))
  return [
    {
      level: 'notice',
      area,
      message: `unknown, so routes that require it pass it over: ${words.join(', ')}`,
      remedy: `Set providers.${name}.facts to what your agreement says; \`halftone models --provider ${name} --facts\` shows what is known.`,
    },
  ]
}

/** One line per provider that was ever verified; the others are not asked after here. */
export async function checkVerifications(config: Config): Promise<Finding[]> {
  const known = [...(await readVerifications(config.storage.dataDir)).keys()]
  const findings = await Promise.all(
    Object.values(config.providers).map(({ name }) => {
      const offers = known.filter((offer) => offer.startsWith(`${name}:`))
      return offers.length === 0 ? [] : verificationFindings(config, name, offers)
    }),
  )
  return findings.flat()
}

/** `verified on 2026-11-22: 3 of 5 offers, all as said`. */
async function verificationFindings({ storage }: Config, name: string, offers: readonly string[]): Promise<Finding[]> {
  const known = await readVerifications(storage.dataDir)
  const found = offers.flatMap((offer): (readonly [string, Verification])[] => {
    const verification = known.get(offer)
    return verification ? [[offer, verification]] : []
  })
  if (found.length === 0) {
    return [
      {
        level: 'notice',
        area,
        message: `${name} was never verified`,
        remedy: `\`halftone verify ${name}\` buys the smallest pictures.`,
      },
    ]
  }
  const last = found
    .map(([, { at }]) => at)
    .sort()
    .at(-1)
    ?.slice(0, 10)
  const departed = found.filter(([, { departures }]) => departures.length > 0)
  const counted = `${name} was verified on ${last}: ${found.length} of ${offers.length} offers`
  return [
    {
      level: 'ok',
      area,
      message: departed.length === 0 ? `${counted}, all as said` : `${counted}, ${found.length - departed.length} as said`,
    },
    ...departed.map(
      ([offer, { departures }]): Finding => ({ level: 'notice', area, message: `${offer}: ${departures.join('; ')}` }),
    ),
  ]
}
