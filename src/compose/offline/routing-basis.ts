/** What a replay of past requests decides with, without a gateway. */
import type { Config } from '../../config/index.ts'
import { HalftoneError } from '../../core/error.ts'
import type { JsonObject } from '../../core/json.ts'
import type { CompiledPrices } from '../../core/pricing/index.ts'
import type { Policy, Snapshot } from '../../core/routing/index.ts'
import { policyOf } from '../../gateway/decide.ts'
import type { GatewayState } from '../../gateway/state.ts'
import type { Ledger } from '../../ports/ledger.ts'
import { schemaVersion } from '../../storage/index.ts'
import { systemClock } from '../../system-clock.ts'
import { readRoute } from '../routes.ts'
import { buildState } from '../state.ts'
import { openLedger, schemaVersionOf } from './open-ledger.ts'

/** What a replay of past requests decides with. */
export interface RoutingBasis {
  readonly snapshot: Pick<Snapshot, 'offers' | 'quality' | 'qualityLevels'>
  readonly prices: CompiledPrices
  readonly policy: Policy
}

/** Finds the document of a route that the configuration does not have; undefined: nobody has it. */
export type RouteLookUp = (name: string) => Promise<JsonObject | undefined>

/**
 * The configured offers and prices, and the policy that `model` (a route, model or offer) stands for. Calls nobody but servers that say what they
 * serve, and `lookUp` for a name that nothing in the configuration has.
 */
export async function routingBasis(config: Config, model: string, lookUp: RouteLookUp): Promise<RoutingBasis> {
  const state = await buildState(config, systemClock)
  await Promise.all([...state.providers.values()].map((provider) => provider.close()))
  const { offers, quality, qualityLevels, prices } = state
  return { snapshot: { offers, quality, qualityLevels }, prices, policy: await policyNamed(model, state, lookUp) }
}

async function policyNamed(model: string, state: GatewayState, lookUp: RouteLookUp): Promise<Policy> {
  try {
    return policyOf(model, state, systemClock.nowUs())
  } catch (error) {
    const document =
      error instanceof HalftoneError && error.code === 'model_not_found' && !/[/:]/.test(model) ? await lookUp(model) : undefined
    if (!document) throw error
    const made = readRoute(model, document)
    if (made.kind === 'valid') return made.policy
    const problems = made.problems.map(({ path, message }) => `${path} ${message}`.trim()).join('; ')
    throw new HalftoneError('invalid_value', `The stored route "${model}" cannot be used: ${problems}.`)
  }
}

/** Of a route made by API, in the ledger itself; undefined where there is none, or a running gateway has the data folder. */
export async function storedRoute(config: Config, name: string): Promise<JsonObject | undefined> {
  // A look changes nothing: an older ledger is not brought up to date for it.
  if ((await schemaVersionOf(config)) !== schemaVersion) return undefined
  let ledger: Ledger
  try {
    ledger = await openLedger(config)
  } catch (error) {
    if (error instanceof HalftoneError && error.code === 'data_dir_locked') return undefined
    throw error
  }
  try {
    const stored = (await ledger.routes.newest()).find((route) => route.name === name && !route.retired)
    return stored?.document
  } finally {
    await ledger.close()
  }
}
