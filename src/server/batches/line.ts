/** One line of a batch: asked of the gateway as if it had come over HTTP, by the key that handed the batch in. */
import { errorCatalogue, HalftoneError } from '../../core/error.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Operation, RequestOptions } from '../../core/request.ts'
import type { BatchLine, BatchRecord } from '../../ports/ledger.ts'
import { callerOf } from '../authenticate.ts'
import type { ServerContext } from '../context.ts'
import { toHttpError, toKnownError } from '../errors.ts'
import { openFile } from '../files.ts'
import type { Identity } from '../key-ring.ts'
import { takeRequest } from '../take-request.ts'
import { parseLine } from './input.ts'

export type LineOutcome =
  | { readonly kind: 'done'; readonly answer: { readonly requestId: string; readonly links: boolean } }
  | Postponed
  | { readonly kind: 'failed'; readonly failure: LineFailure }

/** It may succeed later: with its place still free, or on another try. */
interface Postponed {
  readonly kind: 'later'
  readonly tried: boolean
  readonly afterMs: number
  /** What it is told when there is no later. */
  readonly failure: LineFailure
}

interface LineFailure {
  readonly httpStatus: number
  readonly error: JsonObject
  readonly requestId?: string
}

const operations: Readonly<Record<string, Operation>> = {
  '/v1/images/generations': 'generate',
  '/v1/images/edits': 'edit',
  '/v1/images/variations': 'variation',
  '/v1/images/upscale': 'upscale',
  '/v1/images/remove-background': 'remove_background',
}

export const operationOf = (endpoint: string): Operation => operations[endpoint] ?? 'generate'

/** A batch is done within this time. */
export const WINDOW_MS = 24 * 3_600_000

/** The options of a request as a line has them that may take so long: every lane, unless it asked for less time. */
export const asLine = (options: RequestOptions, leftMs: number): RequestOptions => ({
  ...options,
  economy: true,
  deadlineMs: Math.min(options.deadlineMs ?? leftMs, leftMs),
})

/** Refused before anything was asked of a provider: its idempotency key is still unused. */
const notBegun: ReadonlySet<string> = new Set(['overloaded', 'rate_limit_exceeded', 'draining', 'storage_full'])

/** Never rejects but when `signal` aborts and for faults of Halftone's own. */
export async function runLine(
  context: ServerContext,
  batch: BatchRecord,
  line: BatchLine,
  signal: AbortSignal,
): Promise<LineOutcome> {
  try {
    return { kind: 'done', answer: await askFor(context, batch, line, signal) }
  } catch (error) {
    signal.throwIfAborted()
    const known = toKnownError(error, context.services.newId)
    if (known.code === 'internal_error')
      context.services.log.error({ err: error, batch: batch.id, line: line.line }, 'a line of a batch failed inside Halftone')
    return outcomeOf(known)
  }
}

function outcomeOf(error: HalftoneError): LineOutcome {
  const { status, body } = toHttpError(error)
  const { requestId } = error
  const failure = { httpStatus: status, error: { ...body }, ...(requestId !== undefined && { requestId }) }
  const afterMs = error.retryAfterMs ?? 0
  if (notBegun.has(error.code) || error.code === 'idempotency_in_progress')
    return { kind: 'later', tried: false, afterMs, failure }
  const mayRepeat = error.retryable && errorCatalogue[error.code].retryable && error.billed === 'no'
  return mayRepeat ? { kind: 'later', tried: true, afterMs, failure } : { kind: 'failed', failure }
}

async function askFor(
  context: ServerContext,
  batch: BatchRecord,
  line: BatchLine,
  signal: AbortSignal,
): Promise<{ readonly requestId: string; readonly links: boolean }> {
  const identity = await ownerOf(context, batch)
  const { services, gateway, metrics } = context
  const body = await readLine(context, batch, line)
  const operation = operationOf(batch.endpoint)
  const { inputs, request, options } = await takeRequest(context, {
    operation,
    body,
    isForm: false,
    headers: {},
    identity,
    signal,
  })
  const leftMs = Math.round((batch.expiresUs - services.clock.nowUs()) / 1_000)
  const result = await gateway.execute({
    request,
    // Once its time is over a line is only asked whose call was made before: it is planned as it was, and answered by that call.
    options: asLine(options, leftMs > 0 ? leftMs : WINDOW_MS),
    caller: callerOf(identity),
    inputs,
    sdkRetry: 0,
    // Nobody waits on a connection. A node that stops leaves its calls to the gateway's drain, and to recovery.
    clientGone: new AbortController().signal,
    mayGoOn: async () => void (await ownerOf(context, batch)),
    // One key for each try: what a crash left behind is answered from the ledger, and a new try is a new call.
    idempotencyKey: keyOf(batch, line),
  })
  await result.dispose()
  const { offer, cache, costNanoUsd } = result.summary
  if (offer && cache === 'miss') metrics.cost(offer, costNanoUsd, result.images.length)
  return { requestId: result.requestId, links: request.responseFormat === 'url' }
}

const keyOf = ({ id }: BatchRecord, { line, tries }: BatchLine): string => `${id}:${line}:${tries}`

/** Those of the lines whose calls the ledger knows: they may run on at a provider, whoever sent them. */
export async function begunOf(
  { services: { ledger } }: ServerContext,
  batch: BatchRecord,
  lines: readonly BatchLine[],
): Promise<readonly BatchLine[]> {
  const scopeOf = (line: BatchLine): string => `${batch.keyId}:${keyOf(batch, line)}`
  const known = await ledger.read.byScope(lines.map(scopeOf))
  return lines.filter((line) => known.has(scopeOf(line)))
}

/** The key may have been revoked since, or allowed less. */
async function ownerOf({ keys }: ServerContext, { keyId }: BatchRecord): Promise<Identity> {
  const identity = await keys.byId(keyId)
  if (!identity || identity.key.revokedUs !== null)
    throw new HalftoneError('invalid_api_key', 'The key that handed this batch in was revoked.')
  return identity
}

async function readLine(context: ServerContext, batch: BatchRecord, { byteFrom, bytes }: BatchLine) {
  const file = await context.services.ledger.batches.file(batch.fileId)
  if (!file) throw new HalftoneError('asset_expired', 'The input file of the batch is gone.', { param: 'input_file_id' })
  const blob = await openFile(context, file, { from: byteFrom, bytes })
  const { body } = await parseLine(context, blob.stream, batch.endpoint)
  return body
}
