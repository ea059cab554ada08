/** The end of a request: its row, its answer, its idempotency key and its place in the rollups. */
import type { EncodedFinish } from '../commands.ts'
import { toTuple } from '../schema.ts'
import type { Changes } from './changes.ts'
import { countTime, isDelivered } from './insight.ts'
import { count } from './rollup.ts'
import type { Request, World } from './world.ts'

/**
 * End a request. Only recovery's own ending is ever replaced, by the settle that knows better. The idempotency key is kept
 * with the answer, or released when there is none to replay.
 */
export function finishRequest(
  world: World,
  changes: Changes,
  request: Request,
  { finish, offer, recovered = false }: { finish: EncodedFinish; offer?: string; recovered?: boolean },
): void {
  const wasAbandoned = request.finished_us !== null
  if (wasAbandoned) {
    if (Number(request.recovered) !== 1) return
    countRequest(world, changes, request, -1n)
  }
  request.finished_us = finish.finishedUs
  request.outcome = finish.outcome
  request.http_status = finish.httpStatus
  request.images_returned = finish.imagesReturned
  request.latency_us = finish.latencyUs
  request.error_code = finish.errorCode
  request.error_message = finish.errorMessage
  request.warnings = finish.warnings
  request.recovered = recovered ? 1 : 0
  if (offer !== undefined) request.offer = offer
  changes.requests.add(request)
  countRequest(world, changes, request, 1n)
  if (finish.response !== null) changes.responses.set(request.id, finish.response)
  if (request.idempotency_scope === null) return
  if (finish.response === null) changes.releasedKeys.add(request.id)
  else if (wasAbandoned) regainScope(changes, request, request.idempotency_scope)
  else changes.finishedKeys.add(request.id)
}

/** A finished request answered a repeat of itself; counted in the hour the request ended, where it would have cost again. */
export function countRepeat(world: World, changes: Changes, request: Request, savedNanoUsd: bigint): void {
  if (request.finished_us === null) return
  request.duplicates_prevented = Number(request.duplicates_prevented) + 1
  request.duplicates_nano_usd = BigInt(request.duplicates_nano_usd ?? 0) + savedNanoUsd
  changes.requests.add(request)
  const place = { request, atUs: request.finished_us, offer: request.offer, outcome: request.outcome ?? '', kind: '' }
  count(world, changes.rollups, place, { duplicates_prevented: 1n }, { duplicates_nano_usd: savedNanoUsd })
}

const REGAINED_US = 24 * 3_600_000_000

/** Recovery released the key because there was nothing to replay; now there is, and a repeat must not pay again. */
function regainScope(changes: Changes, { id, fingerprint, finished_us }: Request, scope: string): void {
  const atUs = Number(finished_us)
  changes.regainedScopes.set(
    scope,
    toTuple('idempotency', {
      scope,
      fingerprint,
      request_id: id,
      finished: 1,
      created_us: atUs,
      expires_us: atUs + REGAINED_US,
    }),
  )
}

function countRequest(world: World, changes: Changes, request: Request, sign: bigint): void {
  const outcome = request.outcome ?? ''
  const place = { request, atUs: request.finished_us ?? 0, offer: request.offer, outcome, kind: '' }
  const images = BigInt(request.images_returned)
  const n = BigInt(request.n)
  const baseline = isDelivered(outcome) && n > 0n ? (BigInt(request.baseline_nano_usd ?? 0) * images) / n : 0n
  count(
    world,
    changes.rollups,
    place,
    { requests: sign, duplicates_prevented: sign * BigInt(request.duplicates_prevented) },
    { duplicates_nano_usd: sign * BigInt(request.duplicates_nano_usd ?? 0), baseline_nano_usd: sign * baseline },
  )
  if (request.latency_us !== null)
    countTime(changes.rollups.insight, place, 'latency', Number(request.latency_us), sign < 0n ? -1n : 1n)
}
