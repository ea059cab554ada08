/** The second durable commit of a call: what it was, what it cost, and whether that ends the request. */
import { HalftoneError } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import type { Settlement } from '../core/pricing/types.ts'
import { formatQuantity } from '../core/usage.ts'
import type { RequestFinish, SettleCommand } from '../ports/ledger.ts'
import type { AttemptResult } from '../ports/provider.ts'
import { releaseAssets } from './assets.ts'
import { chargesOf, type FinishedCall } from './conclude.ts'
import type { GatewayServices } from './state.ts'

/** A ledger that stumbles, such as a database that fails over, gets this long before the client hears of it. */
const PAUSES_MS = [100, 400, 1_600]

/**
 * Settle a finished call; `finish` ends the request in the same commit. A ledger that keeps failing is an error that forbids a
 * repeat: the call was made, and is settled once the ledger can be written; by recovery, as of unknown outcome, if the node ends before.
 */
export async function settleCall(
  services: GatewayServices,
  call: FinishedCall,
  finish: RequestFinish | undefined,
): Promise<void> {
  const { ledger, clock, log } = services
  const command = settleCommand(services, call, finish)
  try {
    for (const pauseMs of PAUSES_MS) {
      try {
        await ledger.settle(command)
        return
      } catch (err) {
        log.error({ err, attemptId: command.attemptId }, 'an attempt could not be settled; it is tried again')
        await clock.sleep(pauseMs)
      }
    }
    await ledger.settle(command)
  } catch (cause) {
    services.unsettled.keep(command)
    throw new HalftoneError(
      'storage_failed',
      'The call was made, but the ledger could not record its end; it will be settled later.',
      {
        cause,
        requestId: command.requestId,
        billed: 'unknown',
        retryable: false,
      },
    )
  } finally {
    releaseAssets(services, call.assets)
  }
}

function settleCommand(services: GatewayServices, call: FinishedCall, finish: RequestFinish | undefined): SettleCommand {
  const { reserved, result, settlement, outcome } = call
  const failure = result.kind === 'failed' ? result.failure : undefined
  const { usage, reportedCost } = result.kind === 'done' ? result : result.failure
  return {
    attemptId: reserved.attempt.id,
    requestId: reserved.attempt.requestId,
    nodeId: reserved.attempt.nodeId,
    epoch: reserved.attempt.epoch,
    settledUs: services.clock.nowUs(),
    state: settledState(settlement),
    outcome: settlement.kind === 'unknown' && outcome === 'error' ? 'unknown' : outcome,
    billed: settlement.kind === 'charged' ? 'yes' : settlement.kind === 'free' ? 'no' : 'unknown',
    usage: Object.fromEntries(Object.entries(usage ?? {}).map(([meter, quantity]) => [meter, formatQuantity(quantity)])),
    charges: chargesOf(settlement),
    ...(call.consumption && { consumption: call.consumption }),
    // The picture counts once, for the call that made it.
    imagesMade: reserved.call.kind === 'step' ? 0 : call.record.imagesMade,
    assets: call.assets,
    evidence: evidenceToJson(result),
    findings: [...findingsOf(settlement), ...unrecognizedUsage(call), ...surplusOf(call)],
    durationUs: call.durationUs,
    ...(failure?.stage && { stage: failure.stage }),
    ...(failure && { errorCode: failure.code, errorMessage: failure.message }),
    ...(reportedCost && { reportedCost }),
    ...(result.evidence.httpStatus !== undefined && { httpStatus: result.evidence.httpStatus }),
    ...(result.evidence.providerRequestId !== undefined && { providerRequestId: result.evidence.providerRequestId }),
    ...(result.evidence.timings?.firstByteMs !== undefined && {
      firstByteUs: Math.round(result.evidence.timings.firstByteMs * 1_000),
    }),
    ...(finish && { finish }),
  }
}

/** Billed but without a known price is as unknown as an unknown outcome: unpriced is never zero. */
const settledState = (settlement: Settlement): SettleCommand['state'] =>
  settlement.kind === 'charged' ? 'settled' : settlement.kind === 'free' ? 'voided' : 'unknown'

const findingsOf = (settlement: Settlement): readonly string[] => {
  if (settlement.kind === 'charged') return settlement.findings
  return settlement.kind === 'unpriced' ? [`unpriced: ${settlement.reason}`] : []
}

/** The client hears of it once; the attempt keeps it, for whoever reads the provider's invoice. */
const unrecognizedUsage = ({ warnings }: FinishedCall): readonly string[] =>
  warnings.filter(({ code }) => code === 'usage_unrecognized').map(({ message }) => message)

const surplusOf = ({ isSurplus, result }: FinishedCall): readonly string[] =>
  isSurplus && result.kind === 'done'
    ? [`surplus: another call was first; ${result.images.length} paid images were thrown away`]
    : []

function evidenceToJson({ evidence }: AttemptResult): JsonObject {
  return {
    ...(evidence.httpStatus !== undefined && { httpStatus: evidence.httpStatus }),
    ...(evidence.headers && { headers: { ...evidence.headers } }),
    ...(evidence.body && { body: evidence.body }),
    ...(evidence.timings && { timings: { ...evidence.timings } }),
  }
}
