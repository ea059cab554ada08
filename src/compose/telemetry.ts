/** Telemetry as configured. Its libraries are loaded only when it is switched on. */
import type { Config } from '../config/index.ts'
import { telemetryName } from '../providers/telemetry-names.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

/** Undefined: it is off. */
export async function openTelemetry(
  { telemetry }: Pick<Config, 'telemetry'>,
  { version, nodeId }: { readonly version: string; readonly nodeId: string },
): Promise<Telemetry | undefined> {
  const { endpoint, disabled, headers, resource, serviceName, ...rest } = telemetry
  if (endpoint === undefined || disabled) return undefined
  const [{ startSdk }, { createTelemetry }] = await Promise.all([
    import('../telemetry/sdk.ts'),
    import('../telemetry/telemetry.ts'),
  ])
  const sdk = startSdk({
    ...rest,
    endpoint,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.reveal()])),
    resource: { ...resource, 'service.name': serviceName, 'service.version': version, 'service.instance.id': nodeId },
  })
  return createTelemetry({
    sdk,
    version,
    content: telemetry.content,
    propagate: telemetry.propagate,
    providerName: telemetryName,
  })
}
