/** This gateway as probes ask it: the same planning, the same run and the same rows as any request of the caller. */
import { PROBE_EDGE, type Probe, type ProbeAnswer, type ProbedGateway, probeRequest } from '../contract/probe-plan.ts'
import { HalftoneError } from '../core/error.ts'
import { formatUsd } from '../core/money.ts'
import { probeImage } from '../net/probe-image.ts'
import { callerOf } from './authenticate.ts'
import type { ServerContext } from './context.ts'
import { toKnownError } from './errors.ts'
import { type Call, callerIdentity } from './handler.ts'
import { checkWire, normalizeRequest } from './image-request.ts'
import { type IncomingImage, toIncomingImage } from './incoming-image.ts'
import { allModels } from './routes/models.ts'
import { quote } from './routes/quote.ts'
import { getRequest } from './routes/records.ts'

/** `signal` aborts when nobody waits any more; what runs then is finished and settled as for any client that left. */
export function probeSelf(call: Call, signal: AbortSignal): ProbedGateway {
  // Headers of the question that asks for probes are not those of the probes; a quote reads nothing else of it.
  const bare: Call = { ...call, request: { headers: {} } as Call['request'] }
  return {
    models: async () => allModels(call),
    // Handlers answer what their endpoint's schema says.
    quote: async (question) => (await quote({ ...bare, body: question })) as Awaited<ReturnType<ProbedGateway['quote']>>,
    record: async (id) => (await getRequest({ ...call, params: { id } })) as Awaited<ReturnType<ProbedGateway['record']>>,
    make: (probe) => buy(call, probe, signal),
  }
}

async function buy(call: Call, probe: Probe, signal: AbortSignal): Promise<ProbeAnswer> {
  signal.throwIfAborted()
  const { context } = call
  const { body, headers } = probeRequest(probe)
  const { operation } = probe
  try {
    const inputs = operation === 'generate' ? [] : [await picture(context)]
    const normalized = normalizeRequest({
      operation,
      wire: checkWire(operation, body),
      inputs: inputs.map(({ input }) => input),
      headers,
    })
    const result = await context.gateway.execute({
      ...normalized,
      caller: callerOf(callerIdentity(call)),
      inputs,
      clientGone: signal,
    })
    await result.dispose()
    const { summary, requestId } = result
    if (summary.offer && summary.cache === 'miss') context.metrics.cost(summary.offer, summary.costNanoUsd, result.images.length)
    return {
      kind: 'made',
      requestId,
      costUsd: formatUsd(summary.costNanoUsd),
      costStatus: summary.costStatus,
      offer: summary.offer,
      warnings: summary.warnings,
    }
  } catch (error) {
    if (signal.aborted) throw new HalftoneError('cancelled', 'Nobody waits for the result any more.', { cause: error })
    const { code, message, requestId = null } = toKnownError(error, context.services.newId)
    if (code === 'internal_error') context.services.log.error({ err: error }, 'a probe failed inside Halftone')
    return { kind: 'failed', code, message, requestId }
  }
}

async function picture({ services, settings }: ServerContext): Promise<IncomingImage> {
  const bytes = probeImage(PROBE_EDGE)
  const writer = services.spool.create({ maxBytes: bytes.byteLength, tooLargeCode: 'image_too_large' })
  await writer.write(bytes)
  return toIncomingImage(await writer.end(), 'image', 'image', settings)
}
