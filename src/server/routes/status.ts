/** The state of this node, and whether its providers answer. */
import type { DiscoveryStatus } from '../../gateway/discovery.ts'
import { callerIdentity, type Handler } from '../handler.ts'
import { can } from '../view.ts'
import { isoTime } from '../wire.ts'
import { spendsNothing } from './budgets.ts'

export const status: Handler = async (call) => {
  const { context } = call
  const seesProviders = can(callerIdentity(call), 'providers.read')
  const state = context.current()
  const facts = context.describe()
  const health = context.health.view()
  return {
    object: 'status',
    version: facts.version,
    node_id: context.services.node.id,
    started_at: isoTime(facts.startedUs),
    ready: facts.problems.length === 0,
    problems: facts.problems,
    notices: facts.notices,
    spends_money: !spendsNothing(context),
    storage: { ledger: facts.ledger, free_bytes: facts.freeBytes ?? null },
    providers: (seesProviders ? [...state.providers.values()] : []).map((provider) => {
      const offers = state.offers.filter((offer) => offer.provider === provider.name)
      const open = offers.filter((offer) => health.get(offer.id)?.state === 'open').length
      return {
        name: provider.name,
        type: provider.type,
        offers: offers.length,
        unpriced: facts.unpriced.get(provider.name) ?? 0,
        sandbox: offers.some((offer) => offer.sandbox),
        health: open === 0 ? 'ok' : `${open} of ${offers.length} offers resting after failures`,
        base_url: facts.baseUrls.get(provider.name) ?? null,
        discovery: discoveryWire(state.discovered.get(provider.name)),
      }
    }),
    price_book: state.priceSet.label,
    config_file: seesProviders ? facts.configFile : null,
  }
}

const discoveryWire = (status: DiscoveryStatus | undefined) =>
  status ? { asked_at: isoTime(status.askedUs), problem: status.problem ?? null } : null

const PROBE_TIMEOUT_MS = 15_000

export const probeProviders: Handler = async ({ context }) => {
  const providers = [...context.current().providers.values()]
  const data = await Promise.all(
    providers.map(async (provider) => {
      if (!provider.probe) return { name: provider.name, ok: true, message: 'It has no call that tests a key for free.' }
      const answer = await provider
        .probe(AbortSignal.timeout(PROBE_TIMEOUT_MS))
        .catch((error: unknown) => ({ ok: false, message: error instanceof Error ? error.message : 'It failed.' }))
      const { ok, message } = answer
      context.accounts.remember(provider.name, { atUs: context.services.clock.nowUs(), ok, message })
      return { name: provider.name, ok, message }
    }),
  )
  return { object: 'list', data }
}
