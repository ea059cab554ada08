/** Configured accounts: how each stands on this node, and buying a probe of each of its offers. */
import { maximumOf, planProbes } from '../../contract/probe-plan.ts'
import { type ProbeResult, runProbe } from '../../contract/probe-run.ts'
import {
  type ProviderListWire,
  type ProviderOfferWire,
  type ProviderWire,
  planWire,
  resultWire,
  type VerificationWire,
  type VerifyRequest,
} from '../../contract/providers.ts'
import { HalftoneError } from '../../core/error.ts'
import { formatUsd, parseUsd } from '../../core/money.ts'
import type { Offer } from '../../core/offer.ts'
import { rateSummary } from '../../core/pricing/index.ts'
import { type ExamFinding, examFindings, howToConfigure } from '../../core/provider-exam.ts'
import type { Provider } from '../../ports/provider.ts'
import type { AccountView } from '../accounts.ts'
import type { ServerContext } from '../context.ts'
import type { Handler } from '../handler.ts'
import { probeSelf } from '../probe-self.ts'
import { isoTime } from '../wire.ts'

export const listProviders: Handler = async ({ context }): Promise<ProviderListWire> => {
  const { accounts, services } = context
  const [views, verified] = await Promise.all([accounts.list(), accounts.verifications()])
  const configured = new Set(views.map(({ name }) => name))
  const builtIn = [...context.current().providers.values()].filter(({ name }) => !configured.has(name))
  const look = lookAt(context, verified)
  return {
    object: 'provider_list',
    node_id: services.node.id,
    generated_at: isoTime(look.nowUs),
    data: [...views.map((view) => accountWire(look, view)), ...builtIn.map((provider) => builtInWire(look, provider))],
    available: accounts.available().map((needs) => ({
      type: needs.type,
      requires_key: needs.requiresKey,
      variables: needs.variables.map(({ variable }) => variable),
      remedy: howToConfigure(needs),
      documentation: needs.documentation ?? null,
    })),
  }
}

type Verified = Awaited<ReturnType<ServerContext['accounts']['verifications']>>

/** One look at this moment, which every part of the answer shares. */
const lookAt = (context: ServerContext, verified: Verified) => ({
  context,
  verified,
  state: context.current(),
  health: context.health.view(),
  nowUs: context.services.clock.nowUs(),
})
type Look = ReturnType<typeof lookAt>

function accountWire(look: Look, { name, host, exam }: AccountView): ProviderWire {
  const { context, state } = look
  const provider = state.providers.get(name)
  const tested = context.accounts.tested(name)
  return {
    ...liveWire(look, name, provider),
    type: exam.needs.type,
    managed_by: exam.managedBy === 'environment' ? 'environment' : 'file',
    disabled: exam.disabled,
    host: host ?? null,
    documentation: exam.needs.documentation ?? null,
    unpriced: exam.unpriced.length,
    tested: tested ? { at: isoTime(tested.atUs), ok: tested.ok, message: tested.message } : null,
    findings: examFindings(exam, name).map(findingWire),
  }
}

const builtInWire = (look: Look, provider: Provider): ProviderWire => ({
  ...liveWire(look, provider.name, provider),
  type: provider.type,
  managed_by: 'built_in',
  disabled: false,
  host: null,
  documentation: null,
  unpriced: 0,
  tested: null,
  findings: [{ level: 'ok', message: 'Pictures are drawn here: no key, no network, no money.', remedy: null }],
})

const findingWire = ({ level, message, remedy }: ExamFinding) => ({ level, message, remedy: remedy ?? null })

function liveWire(look: Look, name: string, provider: Provider | undefined) {
  const { state, nowUs } = look
  const { keys, places } = provider?.state?.() ?? {}
  const discovery = state.discovered.get(name)
  const offers = state.offers.filter((offer) => offer.provider === name)
  return {
    name,
    object: 'provider' as const,
    sandbox: offers.some(({ sandbox }) => sandbox),
    keys: {
      total: keys?.total ?? 0,
      resting: keys?.resting ?? 0,
      rests_until: keys?.restMs === undefined ? null : isoTime(nowUs + Math.round(keys.restMs * 1_000)),
    },
    places: places ?? null,
    queue: provider?.ahead?.() ?? null,
    discovery: discovery ? { asked_at: isoTime(discovery.askedUs), problem: discovery.problem ?? null } : null,
    offers: offers.map((offer) => offerWire(look, offer)),
  }
}

function offerWire({ context, verified, state, health, nowUs }: Look, offer: Offer): ProviderOfferWire {
  const seen = health.get(offer.id)
  const detail = context.health.detail(offer.id)
  const found = verified.get(offer.id)
  const blockedUs = seen?.blockedUntilUs ?? 0
  const failed = detail?.lastError
  return {
    offer: offer.id,
    model: offer.model,
    priced: rateSummary(state.prices, offer, nowUs) !== undefined,
    assumed: offer.assumed === true,
    retired_at: offer.retiredAt ?? null,
    breaker: seen?.state ?? 'closed',
    resting: seen?.resting ?? null,
    blocked_until: blockedUs > nowUs ? isoTime(blockedUs) : null,
    in_flight: seen?.inFlight ?? 0,
    concurrency_limit: detail?.limit ?? null,
    calls: detail?.calls ?? 0,
    last_error: failed ? { at: isoTime(failed.atUs), code: failed.code, message: failed.message } : null,
    verified: found ? { ...found, departures: [...found.departures] } : null,
  }
}

export const verifyProvider: Handler = async (call): Promise<VerificationWire> => {
  const { context, params, request } = call
  const name = params['name'] ?? ''
  const { max_spend_usd: most, dry_run: dryRun = false } = call.body as VerifyRequest
  const maxSpend = parseUsd(most)
  if (maxSpend <= 0n) throw new HalftoneError('invalid_value', '"max_spend_usd" must be above 0.', { param: 'max_spend_usd' })
  checkProvider(context, name)
  const gone = new AbortController()
  request.raw.socket.once('close', () => gone.abort())
  const gateway = probeSelf(call, gone.signal)
  const plan = await planProbes(gateway, name, maxSpend)
  const results: ProbeResult[] = []
  // Written before the first picture is bought: what was asked for is known even if this node dies over it.
  if (!dryRun) await record(context, 'provider.verify', name, { max_spend_usd: most, max_usd: formatUsd(maximumOf(plan)) })
  // One after the other: a probe that goes wrong must not be one of many.
  for (const probe of dryRun ? [] : plan.probes) {
    const result = await runProbe(gateway, probe)
    results.push(result)
    await context.accounts.rememberVerified([result], isoTime(context.services.clock.nowUs()))
  }
  return {
    object: 'verification',
    provider: name,
    dry_run: dryRun,
    max_usd: formatUsd(maximumOf(plan)),
    spent_usd: formatUsd(results.reduce((sum, { costUsd }) => sum + parseUsd(costUsd), 0n)),
    ...planWire(plan),
    results: results.map(resultWire),
  }
}

function checkProvider(context: ServerContext, name: string): void {
  const state = context.current()
  if (!state.providers.has(name))
    throw new HalftoneError('not_found', `There is no provider "${name.slice(0, 80)}" in use.`, { param: 'name' })
  if (state.offers.some((offer) => offer.provider === name && offer.sandbox))
    throw new HalftoneError('invalid_value', 'The sandbox draws its pictures itself: there is nothing to verify.', {
      param: 'name',
    })
}

const record = ({ services }: ServerContext, action: string, objectId: string, data: Readonly<Record<string, string>>) =>
  services.ledger.access.recordAudit({ action, objectId, data })
