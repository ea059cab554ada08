/** Asking an account's host which models it serves: a small call that spends nothing. */
import { ScanError } from '../../net/scan-error.ts'
import type { DiscoveredOffers } from '../../ports/provider.ts'
import type { Discovery, ProviderDefinition } from '../define-provider.ts'
import type { ProviderConfig } from '../provider-config.ts'
import { consumeAnswer } from './answer.ts'
import { emptyBody } from './call-body.ts'
import type { Credential } from './credentials.ts'
import { failureOfExchange } from './failures.ts'
import type { Transport } from './transport.ts'

const DISCOVERY_TIMEOUT_MS = 3_000
const MAX_DISCOVERY_BYTES = 8 * 1024 * 1024

export interface DiscoveryContext {
  readonly definition: ProviderDefinition
  readonly config: ProviderConfig
  readonly transport: Transport
  readonly credential: Credential
}

/** Never rejects: a host that does not answer is a result. */
export async function runDiscovery(
  { call, decode }: Discovery,
  { definition, config, transport, credential }: DiscoveryContext,
  signal: AbortSignal,
): Promise<DiscoveredOffers> {
  const limits = { timeoutMs: DISCOVERY_TIMEOUT_MS, idleTimeoutMs: DISCOVERY_TIMEOUT_MS, maxBytes: MAX_DISCOVERY_BYTES }
  const noImages = {
    openBody: () => {
      throw new ScanError('too_many_bodies', 'A list of models holds no images.')
    },
  }
  try {
    const { response } = await transport.send(call, emptyBody, { ...limits, signal, credential }, (status, headers) =>
      consumeAnswer(status, headers, 'json', noImages),
    )
    const models = response.status === 200 ? decode(response) : undefined
    if (!models) return { ok: false, message: `${transport.host} answered ${response.status} without a list of models` }
    return { ok: true, offers: definition.offers({ ...config, models }) }
  } catch (error) {
    return { ok: false, message: `${transport.host}: ${failureOfExchange(error, { cancelStopsBilling: true }).message}` }
  }
}
