/** Checks of the facts files that reading them cannot make: is each value sourced by its provider, dated, fresh and about something? */
import { HalftoneError } from '../error.ts'
import type { Offer } from '../offer.ts'
import { entriesOf, type FactsFile, loadFactsFile } from './parse.ts'
import { fits } from './resolve.ts'

export interface FactsLintInput {
  readonly files: readonly { readonly name: string; readonly json: unknown }[]
  /** What the codecs sell, by provider type; every type needs a file. */
  readonly offers: ReadonlyMap<string, readonly Pick<Offer, 'model' | 'wireModel'>[]>
  /** Hosts that belong to a provider; an official source is one of these. */
  readonly ownHosts: Readonly<Record<string, readonly string[]>>
  /** ISO date of the check. */
  readonly today: string
  /** Fewer sourced values are a finding: a lint that looks at nothing passes. */
  readonly atLeast?: number
}

export interface FactsFinding {
  readonly severity: 'error' | 'warning'
  readonly place: string
  readonly message: string
}

export interface FactsReport {
  readonly findings: readonly FactsFinding[]
  readonly files: number
  readonly values: number
  readonly sources: number
}

const STALE_DAYS = 180
const DAY_MS = 86_400_000

/** Data in, findings out; errors fail the check, warnings are printed. */
export function lintFacts(input: FactsLintInput): FactsReport {
  const findings: FactsFinding[] = []
  const loaded: FactsFile[] = []
  for (const { name, json } of input.files) {
    try {
      const file = loadFactsFile(json, name)
      if (name !== `${file.provider}.json`) findings.push(error(name, `is about ${file.provider}, and must be named after it`))
      loaded.push(file)
    } catch (problem) {
      if (!(problem instanceof HalftoneError)) throw problem
      findings.push(...problem.message.split('\n').map((message) => error(name, message)))
    }
  }
  for (const type of input.offers.keys()) {
    if (!loaded.some(({ provider }) => provider === type)) findings.push(error(`${type}.json`, 'is missing'))
  }
  for (const file of loaded) findings.push(...checkFile(file, input))
  const values = loaded.flatMap((file) => entriesOf(file).filter(({ fact }) => fact !== 'unknown')).length
  if (values < (input.atLeast ?? 0)) findings.push(error('facts', `hold ${values} values, fewer than ${input.atLeast}`))
  const sources = loaded.reduce((sum, file) => sum + Object.keys(file.sources).length, 0)
  return { findings, files: loaded.length, values, sources }
}

const error = (place: string, message: string): FactsFinding => ({ severity: 'error', place, message })

function checkFile(file: FactsFile, { offers, ownHosts, today }: FactsLintInput): FactsFinding[] {
  const { provider, sources, models = {} } = file
  const known = offers.get(provider)
  const findings: FactsFinding[] = known ? [] : [error(`${provider}.json`, 'is about no provider type')]
  const used = new Set(entriesOf(file).map(({ fact }) => (fact === 'unknown' ? '' : fact.source)))
  for (const [key, { url, kind, checkedAt }] of Object.entries(sources)) {
    const place = `${provider}.json sources.${key}`
    if (!used.has(key)) findings.push(error(place, 'is used by no value'))
    if (checkedAt > today) findings.push(error(place, `was read on ${checkedAt}, a day that has not been`))
    const age = Math.floor((Date.parse(today) - Date.parse(checkedAt)) / DAY_MS)
    if (age > STALE_DAYS)
      findings.push({ severity: 'warning', place, message: `was read ${age} days ago; read it again after ${STALE_DAYS}` })
    if (kind === 'configuration') continue
    const host = hostOf(url)
    if (host === undefined) findings.push(error(place, `"${url}" is no https page`))
    else if (kind === 'official' && !(ownHosts[provider] ?? []).some((own) => isOf(host, own)))
      findings.push(error(place, `calls ${host} official, which is not the provider's own`))
  }
  // Types whose models come from the configuration or from the server know none themselves.
  if (known && known.length > 0) {
    for (const pattern of Object.keys(models)) {
      if (!known.some(({ model, wireModel }) => fits(pattern, model) || fits(pattern, wireModel)))
        findings.push(error(`${provider}.json models.${pattern}`, 'fits no offer'))
    }
  }
  return findings
}

/** Host and path, so that `github.com/acme` can be somebody's own. */
const hostOf = (url: string): string | undefined => /^https:\/\/([a-z0-9.-]+\/?[^?#]*)/i.exec(url)?.[1]?.toLowerCase()

function isOf(hostAndPath: string, own: string): boolean {
  if (own.includes('/')) return `${hostAndPath}/`.startsWith(`${own}/`)
  const host = hostAndPath.split('/')[0] ?? ''
  return host === own || host.endsWith(`.${own}`)
}
