/** Files and batches over HTTP. */
import type { z } from 'zod'
import type {
  BatchLineWire,
  BatchQuote,
  BatchWire,
  batchLineQuery,
  batchListQuery,
  CreateBatchRequest,
  FileWire,
  fileListQuery,
  QuoteBatchRequest,
} from '../../contract/batch-endpoints.ts'
import { HalftoneError } from '../../core/error.ts'
import { formatUsd } from '../../core/money.ts'
import type { BatchCounts, BatchLine, BatchRecord, FileRecord } from '../../ports/ledger.ts'
import { WINDOW_MS } from '../batches/line.ts'
import { outputFileId, outputOf, sendOutput } from '../batches/output.ts'
import { quoteBatch as quoteLines } from '../batches/quote.ts'
import { fileWithinReach, openFile, storeUpload } from '../files.ts'
import { type Call, callerIdentity, type Handler, signalOf } from '../handler.ts'
import { publicOrigin } from '../origin.ts'
import { drained } from '../send-images.ts'
import { isWithinReach, reachFilter } from '../view.ts'

/** An SDK that got no answer asks again within this time, and means the same batch. */
const RETRY_US = 10 * 60_000_000

const seconds = (us: number): number => Math.floor(us / 1_000_000)
const secondsOrNull = (us: number | null): number | null => (us === null ? null : seconds(us))

const fileWire = (file: FileRecord): FileWire => ({
  id: file.id,
  object: 'file',
  bytes: file.bytes,
  created_at: seconds(file.createdUs),
  expires_at: seconds(file.expiresUs),
  filename: file.filename,
  purpose: file.purpose,
  status: 'processed',
})

function batchWire(batch: BatchRecord, { total, done, failed, costNanoUsd }: BatchCounts): BatchWire {
  const { state, finishedUs, id } = batch
  const finishedAs = (end: BatchRecord['state']): number | null => (state === end ? secondsOrNull(finishedUs) : null)
  const hasOutput = finishedUs !== null && state !== 'failed'
  return {
    id,
    object: 'batch',
    // Checked when it was made.
    endpoint: batch.endpoint as BatchWire['endpoint'],
    errors: batch.problems.length === 0 ? null : { object: 'list', data: batch.problems.map((problem) => ({ ...problem })) },
    input_file_id: batch.fileId,
    completion_window: '24h',
    status: state,
    output_file_id: hasOutput && done > 0 ? outputFileId('output', id) : null,
    error_file_id: hasOutput && failed > 0 ? outputFileId('errors', id) : null,
    created_at: seconds(batch.createdUs),
    in_progress_at: secondsOrNull(batch.startedUs),
    expires_at: seconds(batch.expiresUs),
    // Outputs are put together while they are read.
    finalizing_at: hasOutput ? secondsOrNull(finishedUs) : null,
    completed_at: finishedAs('completed'),
    failed_at: finishedAs('failed'),
    expired_at: finishedAs('expired'),
    cancelling_at: secondsOrNull(batch.cancellingUs),
    cancelled_at: finishedAs('cancelled'),
    request_counts: { total, completed: done, failed },
    // Texts, by the schema that took them.
    metadata: batch.metadata as Record<string, string> | null,
    halftone: { cost_usd: formatUsd(costNanoUsd) },
  }
}

const wireOf = async ({ context }: Call, batch: BatchRecord): Promise<BatchWire> =>
  batchWire(batch, await context.services.ledger.batches.counts(batch.id))

function pageOf<Wire extends { readonly id: string }>(data: readonly Wire[], limit: number) {
  const page = data.slice(0, limit)
  return {
    object: 'list',
    data: page,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
    has_more: data.length > limit,
  }
}

export const createFile: Handler = async (call) =>
  fileWire(await storeUpload(call.context, callerIdentity(call), call.request.raw))

export const listFiles: Handler = async (call) => {
  const { limit, after, purpose } = call.query as z.infer<typeof fileListQuery>
  const files = await call.context.services.ledger.batches.files({
    ...reachFilter(callerIdentity(call)),
    limit: limit + 1,
    ...(after !== undefined && { after }),
    ...(purpose !== undefined && { purpose }),
  })
  return pageOf(files.map(fileWire), limit)
}

export const getFile: Handler = async (call) => {
  const id = call.params['id'] ?? ''
  const output = outputOf(id)
  if (!output) return fileWire(await fileWithinReach(call.context, callerIdentity(call), id))
  const batch = await finishedBatch(call, output.batchId)
  return {
    id,
    object: 'file',
    bytes: null,
    created_at: seconds(batch.finishedUs ?? batch.createdUs),
    expires_at: null,
    filename: `${batch.id}-${output.kind}.jsonl`,
    purpose: 'batch_output',
    status: 'processed',
  } satisfies FileWire
}

export const getFileContent: Handler = async (call) => {
  const { context, reply, request } = call
  const id = call.params['id'] ?? ''
  const output = outputOf(id)
  const { raw } = reply
  if (output) {
    const batch = await finishedBatch(call, output.batchId)
    reply.hijack()
    const origin = publicOrigin(request, context.settings)
    const urlOf = (assetId: string): string => origin + context.signer.sign(assetId).image
    await orCutOff(call, () => sendOutput(context, raw, { batch, kind: output.kind, urlOf }))
    return undefined
  }
  const file = await fileWithinReach(context, callerIdentity(call), id)
  const { bytes, stream } = await openFile(context, file)
  reply.hijack()
  raw.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': bytes,
    'content-disposition': `attachment; filename="${file.filename}"`,
    'x-content-type-options': 'nosniff',
  })
  await orCutOff(call, async () => {
    for await (const chunk of stream) {
      if (raw.destroyed) return
      if (!raw.write(chunk)) await drained(raw)
    }
    raw.end()
  })
  return undefined
}

/** An answer has begun; cutting the connection is the only honest signal left. */
async function orCutOff({ context, reply }: Call, send: () => Promise<void>): Promise<void> {
  try {
    await send()
  } catch (err) {
    context.services.log.error({ err }, 'a file broke off while it was sent')
    reply.raw.destroy()
  }
}

export const deleteFile: Handler = async (call) => {
  const { context } = call
  const { id } = await fileWithinReach(context, callerIdentity(call), call.params['id'] ?? '')
  const { ledger, clock } = context.services
  if (!(await ledger.batches.deleteFile({ id, atUs: clock.nowUs() })))
    throw new HalftoneError('conflict', `A batch still reads the file "${id}"; cancel it, or wait for its end.`, { param: 'id' })
  return { id, object: 'file', deleted: true }
}

export const createBatch: Handler = async (call) => {
  const { context, request } = call
  const { ledger, clock, newId } = context.services
  const { input_file_id: fileId, endpoint, metadata } = call.body as CreateBatchRequest
  const identity = callerIdentity(call)
  if (!(await context.keys.byId(identity.key.id)))
    throw new HalftoneError('forbidden', 'A batch outlives a sign-in: hand it in with an API key.')
  await inputFile(call, fileId)
  const nowUs = clock.nowUs()
  const earlier = await repeatedBy(call, fileId, nowUs)
  if (earlier) return wireOf(call, earlier)
  const idempotencyKey = headerOf(request.headers['idempotency-key'])
  const batch: BatchRecord = {
    id: `batch_${newId()}`,
    keyId: identity.key.id,
    projectId: identity.project.id,
    endpoint,
    fileId,
    metadata: metadata ?? null,
    state: 'validating',
    createdUs: nowUs,
    startedUs: null,
    cancellingUs: null,
    finishedUs: null,
    expiresUs: nowUs + WINDOW_MS * 1_000,
    problems: [],
  }
  const known = await ledger.batches.add({ ...batch, ...(idempotencyKey !== undefined && { idempotencyKey }) })
  context.batches.wake()
  return wireOf(call, (known === null ? undefined : await ledger.batches.batch(known)) ?? batch)
}

async function inputFile(call: Call, fileId: string): Promise<FileRecord> {
  const file = await fileWithinReach(call.context, callerIdentity(call), fileId, 'input_file_id')
  if (file.purpose === 'batch') return file
  throw new HalftoneError('invalid_value', `The file "${fileId}" was uploaded with purpose "${file.purpose}", not "batch".`, {
    param: 'input_file_id',
  })
}

export const quoteBatch: Handler = async (call): Promise<BatchQuote> => {
  const { context, body } = call
  const { input_file_id: fileId, endpoint } = body as QuoteBatchRequest
  const { stream } = await openFile(context, await inputFile(call, fileId))
  return quoteLines(context, { identity: callerIdentity(call), endpoint, stream, signal: signalOf(call) })
}

/** What an SDK's own retry repeats: a second batch of the same file would pay for every picture twice. */
async function repeatedBy(call: Call, fileId: string, nowUs: number): Promise<BatchRecord | undefined> {
  if (!(Number(call.request.headers['x-stainless-retry-count'] ?? 0) > 0)) return undefined
  const { key } = callerIdentity(call)
  const recent = await call.context.services.ledger.batches.batches({ keyId: key.id, limit: 20 })
  return recent.find((batch) => batch.fileId === fileId && nowUs - batch.createdUs < RETRY_US)
}

function headerOf(value: string | readonly string[] | undefined): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && /^[\x20-\x7e]{1,255}$/.test(value)) return value
  throw new HalftoneError('invalid_header', 'idempotency-key must be 1 to 255 printable ASCII characters.', {
    param: 'idempotency-key',
  })
}

export const listBatches: Handler = async (call) => {
  const { limit, after } = call.query as z.infer<typeof batchListQuery>
  const batches = await call.context.services.ledger.batches.batches({
    ...reachFilter(callerIdentity(call)),
    limit: limit + 1,
    ...(after !== undefined && { after }),
  })
  return pageOf(await Promise.all(batches.map((batch) => wireOf(call, batch))), limit)
}

export const getBatch: Handler = async (call) => wireOf(call, await batchWithinReach(call, call.params['id'] ?? ''))

/** Cancelling what is over changes nothing. */
export const cancelBatch: Handler = async (call) => {
  const { context } = call
  const { ledger, clock } = context.services
  const { id } = await batchWithinReach(call, call.params['id'] ?? '')
  await ledger.batches.cancel({ id, atUs: clock.nowUs() })
  context.batches.wake()
  return wireOf(call, await batchWithinReach(call, id))
}

async function batchWithinReach(call: Call, id: string): Promise<BatchRecord> {
  const batch = await call.context.services.ledger.batches.batch(id)
  if (!batch || !isWithinReach(callerIdentity(call), batch))
    throw new HalftoneError('not_found', `There is no batch "${id.slice(0, 128)}" of this key.`, { param: 'id' })
  return batch
}

export const listBatchLines: Handler = async (call) => {
  const { limit, after, state } = call.query as z.infer<typeof batchLineQuery>
  const { id } = await batchWithinReach(call, call.params['id'] ?? '')
  const { ledger } = call.context.services
  const found = await ledger.batches.lines({
    batchId: id,
    afterLine: after,
    limit: limit + 1,
    ...(state !== undefined && { states: state === 'failed' ? ['failed', 'expired', 'cancelled'] : [state] }),
  })
  const page = found.slice(0, limit)
  return { object: 'list', data: page.map(lineWire), next_cursor: found.length > limit ? String(page.at(-1)?.line) : null }
}

function lineWire({ line, customId, state, tries, requestId, httpStatus, error }: BatchLine): BatchLineWire {
  // The whole body of the answer, as `toHttpError` made it.
  const failure = error as { readonly error: { code: string | null; message: string; param: string | null } } | null
  return {
    line,
    custom_id: customId,
    state,
    tries,
    request_id: requestId,
    http_status: httpStatus,
    error: failure && { code: failure.error.code, message: failure.error.message, param: failure.error.param },
  }
}

async function finishedBatch(call: Call, id: string): Promise<BatchRecord> {
  const batch = await batchWithinReach(call, id)
  if (batch.finishedUs === null)
    throw new HalftoneError('not_found', 'The batch is still running; its output is there at its end.', { param: 'id' })
  return batch
}
