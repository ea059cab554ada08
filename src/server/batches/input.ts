/** The input file of a batch: one request on each line, checked as a whole before the first of them costs anything. */
import { HalftoneError } from '../../core/error.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { BatchProblem, NewBatchLine } from '../../ports/ledger.ts'
import type { ServerContext } from '../context.ts'
import { disposeImages, type ReadBody, scanJson, takeImages } from '../read-body.ts'

/** As OpenAI takes them. */
export const MAX_LINES = 50_000
const MAX_CUSTOM_ID = 512
/** More of them say nothing new. */
const MAX_PROBLEMS = 100
const NEWLINE = 0x0a

/** Where a line stands, from 1. */
type Place = Pick<NewBatchLine, 'line' | 'byteFrom' | 'bytes'>

/** Cuts bytes at their newlines, which JSON has only between its texts. Lines of nothing but white space are left out. */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ place: Place; pieces: readonly Uint8Array[] }> {
  let pieces: Uint8Array[] = []
  let line = 1
  let byteFrom = 0
  let bytes = 0
  const ended = () => {
    const found = { place: { line, byteFrom, bytes }, pieces }
    byteFrom += bytes + 1
    line += 1
    pieces = []
    bytes = 0
    return found
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      // Copied: whoever reads a file may use its buffer again for the next chunk.
      pieces.push(chunk.slice(from, at))
      bytes += at - from
      from = at + 1
      const found = ended()
      if (!isBlank(found.pieces)) yield found
    }
    if (from < chunk.byteLength) {
      pieces.push(chunk.slice(from))
      bytes += chunk.byteLength - from
    }
  }
  const last = ended()
  if (!isBlank(last.pieces)) yield last
}

const isBlank = (pieces: readonly Uint8Array[]): boolean =>
  pieces.every((piece) => piece.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09))

export interface ReadInput {
  readonly lines: readonly NewBatchLine[]
  readonly problems: readonly BatchProblem[]
}

export interface ReadOptions {
  readonly endpoint: string
  readonly signal: AbortSignal
  /** Is given each line that is as it should be, and disposes of its pictures; without it they are disposed of here. */
  look?(line: number, body: ReadBody): Promise<void>
}

/** Every line that can be told to be wrong without doing it. */
export async function readInput(
  context: ServerContext,
  stream: AsyncIterable<Uint8Array>,
  { endpoint, signal, look = (_, body) => disposeImages(body.images) }: ReadOptions,
): Promise<ReadInput> {
  const lines: NewBatchLine[] = []
  const problems: BatchProblem[] = []
  const seen = new Map<string, number>()
  for await (const { place, pieces } of splitLines(stream)) {
    signal.throwIfAborted()
    if (lines.length === MAX_LINES) {
      problems.push({ code: 'invalid_value', message: `A batch takes ${MAX_LINES} lines.`, param: null, line: place.line })
      break
    }
    try {
      const { customId, body } = await parseLine(context, pieces, endpoint)
      const earlier = seen.get(customId)
      if (earlier !== undefined) {
        await disposeImages(body.images)
        const message = `custom_id "${customId}" is also that of line ${earlier}.`
        throw new HalftoneError('invalid_value', message, { param: 'custom_id' })
      }
      seen.set(customId, place.line)
      lines.push({ ...place, customId })
      await look(place.line, body)
    } catch (error) {
      if (!(error instanceof HalftoneError)) throw error
      problems.push({ code: error.code, message: error.message, param: error.param ?? null, line: place.line })
      if (problems.length >= MAX_PROBLEMS) break
    }
  }
  if (lines.length === 0 && problems.length === 0)
    problems.push({ code: 'invalid_value', message: 'The file has no lines.', param: null, line: null })
  return { lines, problems }
}

export interface ParsedLine {
  readonly customId: string
  /** As if it had come over HTTP; its images are the caller's to dispose. */
  readonly body: ReadBody
}

/** One line, with its images spooled. Throws a typed error that names the field. */
export async function parseLine(
  { services, settings }: ServerContext,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  endpoint: string,
): Promise<ParsedLine> {
  const { spool } = services
  const { value, bodies } = await scanJson(asAsync(chunks), { spool, settings, maxBytes: settings.maxBodyBytes })
  try {
    const { customId, body } = checkedLine(value, endpoint)
    return { customId, body: await takeImages(body, bodies) }
  } catch (error) {
    await Promise.all(bodies.map(({ body }) => body.dispose()))
    throw error
  }
}

async function* asAsync(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks
}

function checkedLine(value: JsonValue, endpoint: string): { readonly customId: string; readonly body: JsonObject } {
  if (!isObject(value)) throw new HalftoneError('invalid_json', 'A line must be a JSON object.')
  const { custom_id: customId, method, url, body } = value
  if (typeof customId !== 'string' || customId === '' || customId.length > MAX_CUSTOM_ID) {
    throw new HalftoneError('invalid_value', `custom_id must be a text of 1 to ${MAX_CUSTOM_ID} characters.`, {
      param: 'custom_id',
    })
  }
  if (method !== 'POST') throw new HalftoneError('invalid_value', 'method must be "POST".', { param: 'method' })
  if (url !== endpoint) {
    throw new HalftoneError('invalid_value', `url must be "${endpoint}", the endpoint of the batch.`, { param: 'url' })
  }
  if (!isObject(body)) throw new HalftoneError('invalid_value', 'body must be a JSON object.', { param: 'body' })
  if (body['stream'] === true)
    throw new HalftoneError('invalid_value', 'A batch has nobody to stream to.', { param: 'body.stream' })
  return { customId, body }
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
