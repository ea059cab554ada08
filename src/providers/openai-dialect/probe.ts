/** `GET /models` read for a human: it spends nothing and needs a working key. */
import type { ProbeResult } from '../../ports/provider.ts'
import type { ProviderResponse } from '../define-provider.ts'
import { asList, asObject } from '../kit/read.ts'
import { failureFromResponse } from './errors.ts'

export function decodeModelList(response: ProviderResponse): ProbeResult {
  if (response.status === 404) return { ok: true, message: 'reachable; it lists no models (GET /models is not there)' }
  if (response.status !== 200 || response.body.kind !== 'json') {
    const { code, message } = failureFromResponse(response)
    const hint = code === 'provider_auth' ? ' Check the API key.' : ''
    return { ok: false, message: `GET /models: ${message}${hint}` }
  }
  const models = asList(asObject(response.body.value)?.['data']) ?? asList(response.body.value) ?? []
  return { ok: true, message: `reachable; GET /models lists ${models.length} ${models.length === 1 ? 'model' : 'models'}` }
}
