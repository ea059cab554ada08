/** From the port's commands to the writer's. Runs on the caller's thread, so it does no more than it must. */
import { HalftoneError } from '../core/error.ts'
import type { NewAttempt, NewRequest, ReconcileCommand, RequestFinish, ReserveCommand, SettleCommand } from '../ports/ledger.ts'
import type { EncodedFinish, EncodedReconcile, EncodedReserve, EncodedSettle } from './commands.ts'
import { storableText, toTuple } from './schema.ts'

export function encodeReserve({ request, attempt, budgetIds, idempotency }: ReserveCommand): EncodedReserve {
  return {
    kind: 'reserve',
    attemptId: attempt.id,
    requestId: attempt.requestId,
    nodeId: attempt.nodeId,
    epoch: attempt.epoch,
    createdUs: attempt.createdUs,
    sandbox: attempt.sandbox ? 1 : 0,
    holdNanoUsd: attempt.holdNanoUsd,
    budgetIds: budgetIds.length > 1 ? [...new Set(budgetIds)].sort() : budgetIds,
    ...(idempotency && { idempotency }),
    attempt: attemptTuple(attempt),
    ...(request && { request: encodeRequest(request, attempt, idempotency?.scope) }),
    inputs: request?.inputs ?? [],
  }
}

function attemptTuple(attempt: NewAttempt) {
  return toTuple('attempts', {
    id: attempt.id,
    request_id: attempt.requestId,
    sequence: attempt.sequence,
    kind: attempt.kind,
    state: attempt.state,
    offer: attempt.offer,
    provider: attempt.provider,
    provider_type: attempt.providerType,
    model: attempt.model,
    images_wanted: attempt.imagesWanted,
    first_image: attempt.firstImage,
    expected_nano_usd: attempt.expectedNanoUsd,
    hold_nano_usd: attempt.holdNanoUsd,
    price_book: attempt.priceBook,
    priced_at_us: attempt.pricedAtUs,
    node_id: attempt.nodeId,
    epoch: attempt.epoch,
    created_us: attempt.createdUs,
    sandbox: attempt.sandbox ? 1 : 0,
    outcome: null,
    stage: null,
    billed: null,
    error_code: null,
    error_message: null,
    reported_cost: null,
    job_id: null,
    settled_us: null,
    images_made: 0,
    duration_us: null,
    first_byte_us: null,
    http_status: null,
    provider_request_id: null,
    settings: JSON.stringify(attempt.settings),
    operation: attempt.class?.operation ?? null,
    size_class: attempt.class?.sizeClass ?? null,
    quality: attempt.class?.quality ?? null,
    usage: '{}',
    resume: null,
    unpriced: null,
  })
}

function encodeRequest(request: NewRequest, attempt: NewAttempt, scope: string | undefined) {
  const row = toTuple('requests', {
    id: request.id,
    created_us: request.createdUs,
    finished_us: null,
    key_id: request.keyId,
    project_id: request.projectId,
    operation: request.operation,
    model: storableText(request.model),
    route: request.route,
    n: request.n,
    offer: attempt.offer,
    end_customer: storableText(request.endCustomer),
    request_group: storableText(request.group),
    fingerprint: request.fingerprint,
    idempotency_scope: scope ?? null,
    size_class: request.sizeClass,
    quality: request.quality,
    prompt_class: request.promptClass,
    sandbox: request.sandbox ? 1 : 0,
    node_id: attempt.nodeId,
    epoch: attempt.epoch,
    outcome: null,
    http_status: null,
    images_returned: 0,
    latency_us: null,
    duplicates_prevented: 0,
    recovered: 0,
    error_code: null,
    error_message: null,
    warnings: '[]',
    tags: JSON.stringify(request.tags),
    decision: JSON.stringify(request.decision),
    baseline: storableText(request.baseline?.name),
    baseline_nano_usd: request.baseline?.expectedNanoUsd ?? null,
    duplicates_nano_usd: null,
    record_expires_us: request.recordExpiresUs ?? null,
    record_deleted_us: null,
    quality_floor: request.qualityFloor ?? null,
    prompt_gate: request.promptGate ? JSON.stringify(request.promptGate) : null,
  })
  const content = toTuple('request_content', {
    request_id: request.id,
    expires_us: request.content.expiresUs ?? null,
    prompt_hmac: request.content.promptHmac,
    prompt: storableText(request.content.prompt),
    parameters: JSON.stringify(request.content.parameters),
    features: JSON.stringify(request.content.features),
    response: null,
  })
  return { row, content, projectId: request.projectId }
}

export function encodeFinish(finish: RequestFinish): EncodedFinish {
  return {
    finishedUs: finish.finishedUs,
    outcome: finish.outcome,
    httpStatus: finish.httpStatus,
    imagesReturned: finish.imagesReturned,
    latencyUs: finish.latencyUs ?? null,
    errorCode: finish.errorCode ?? null,
    errorMessage: storableText(finish.errorMessage),
    response: finish.response === undefined ? null : JSON.stringify(finish.response),
    warnings: JSON.stringify(finish.warnings),
  }
}

/** Throws `internal_error` for a void that carries charges: money must not vanish behind a word. */
export function encodeSettle(command: SettleCommand): EncodedSettle {
  if (command.state === 'voided' && command.charges.length > 0) {
    throw new HalftoneError('internal_error', `Attempt ${command.attemptId} cannot be voided and charged at once.`)
  }
  return {
    kind: 'settle',
    attemptId: command.attemptId,
    requestId: command.requestId,
    nodeId: command.nodeId,
    epoch: command.epoch,
    settledUs: command.settledUs,
    state: command.state,
    outcome: command.outcome,
    stage: command.stage ?? null,
    billed: command.billed,
    errorCode: command.errorCode ?? null,
    errorMessage: storableText(command.errorMessage),
    usage: JSON.stringify(command.usage),
    reportedCost: command.reportedCost ? JSON.stringify(command.reportedCost) : null,
    charges: command.charges,
    consumption: command.charges.length > 0 ? command.consumption : undefined,
    imagesMade: command.imagesMade,
    assets: command.assets,
    evidence: JSON.stringify({ evidence: command.evidence, findings: command.findings }),
    httpStatus: command.httpStatus ?? null,
    providerRequestId: storableText(command.providerRequestId),
    firstByteUs: command.firstByteUs ?? null,
    durationUs: command.durationUs ?? null,
    ...(command.finish && { finish: encodeFinish(command.finish) }),
  }
}

export const encodeReconcile = (command: ReconcileCommand): EncodedReconcile => ({ kind: 'reconcile', ...command })
