/** What a batch gives back: its answers as JSON lines, put together from the ledger and the stored pictures while they are read. */
import type { ServerResponse } from 'node:http'
import { HalftoneError } from '../../core/error.ts'
import type { ExecuteResult } from '../../gateway/execution.ts'
import { replayRequest } from '../../gateway/replay.ts'
import type { BatchLine, BatchRecord } from '../../ports/ledger.ts'
import type { ServerContext } from '../context.ts'
import { toKnownError } from '../errors.ts'
import { drained, imageParts, type Part, writeEncoded } from '../send-images.ts'

export type OutputKind = 'output' | 'errors'

const PREFIX: Readonly<Record<OutputKind, string>> = { output: 'file-output-', errors: 'file-errors-' }

export const outputFileId = (kind: OutputKind, batchId: string): string => PREFIX[kind] + batchId

/** Whose output a file is; undefined: an upload. */
export function outputOf(fileId: string): { readonly kind: OutputKind; readonly batchId: string } | undefined {
  const kind = (Object.keys(PREFIX) as OutputKind[]).find((each) => fileId.startsWith(PREFIX[each]))
  return kind && { kind, batchId: fileId.slice(PREFIX[kind].length) }
}

const PAGE = 200

export interface OutputOptions {
  readonly batch: BatchRecord
  readonly kind: OutputKind
  /** Absolute signed URL of an asset. */
  urlOf(assetId: string): string
}

/** Streams all lines in the order of the input; resolves when the last byte was handed to the socket or the client left. */
export async function sendOutput(context: ServerContext, raw: ServerResponse, options: OutputOptions): Promise<void> {
  const { batch, kind } = options
  raw.writeHead(200, {
    'content-type': 'application/jsonl; charset=utf-8',
    'content-disposition': `attachment; filename="${batch.id}-${kind}.jsonl"`,
    'x-content-type-options': 'nosniff',
  })
  for (let afterLine = 0; ; ) {
    const page = await context.services.ledger.batches.lines({ batchId: batch.id, afterLine, limit: PAGE })
    for (const line of page) {
      if (raw.destroyed) return
      if (line.state !== 'waiting' && (line.state === 'done') === (kind === 'output')) await sendLine(context, raw, line, options)
    }
    afterLine = page.at(-1)?.line ?? afterLine
    if (page.length < PAGE) break
  }
  raw.end()
}

async function sendLine(
  context: ServerContext,
  raw: ServerResponse,
  line: BatchLine,
  { batch, urlOf }: OutputOptions,
): Promise<void> {
  const head = { id: `batch_req_${batch.id}_${line.line}`, custom_id: line.customId }
  if (line.state !== 'done') return write(raw, `${JSON.stringify({ ...head, ...failureOf(line) })}\n`)
  const result = await answerOf(context, line)
  if (result instanceof HalftoneError) {
    const { code, message } = result
    return write(raw, `${JSON.stringify({ ...head, response: null, error: { code, message } })}\n`)
  }
  const response = { status_code: 200, request_id: line.requestId }
  await write(raw, `${JSON.stringify(head).slice(0, -1)},"response":${JSON.stringify(response).slice(0, -1)},"body":`)
  const parts = imageParts({ result, responseFormat: line.links ? 'url' : 'b64_json', bodyMetadata: true, urlOf })
  for (const part of parts) await writePart(raw, part)
  await write(raw, '},"error":null}\n')
}

/** Its stored answer, or why there is none any more. */
async function answerOf({ services }: ServerContext, { requestId }: BatchLine): Promise<ExecuteResult | HalftoneError> {
  try {
    return await replayRequest(services, requestId ?? '', 'hit')
  } catch (error) {
    return toKnownError(error, services.newId)
  }
}

function failureOf({ state, requestId, httpStatus, error }: BatchLine) {
  if (state === 'failed') return { response: { status_code: httpStatus, request_id: requestId, body: error }, error: null }
  const [code, message] =
    state === 'expired'
      ? ['batch_expired', 'It was not begun within the completion window.']
      : ['batch_cancelled', 'The batch was cancelled before it was begun.']
  return { response: null, error: { code, message } }
}

async function write(raw: ServerResponse, text: string): Promise<void> {
  if (!raw.destroyed && !raw.write(text)) await drained(raw)
}

async function writePart(raw: ServerResponse, part: Part): Promise<void> {
  if (raw.destroyed) return
  if ('image' in part) await writeEncoded(raw, part.image)
  else if (!raw.write(part.text)) await drained(raw)
}
