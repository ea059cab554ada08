/**
 * OpenAI's files and batches as their specification has them: a file of requests is taken, looked through and done a poll later.
 * Requests and lines are held to OpenAI's own schemas. Answers are written so that the official SDK reads them.
 */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { openaiSpecification } from './azure-openai.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'

export const openaiKey = 'sk-openai-double'

export interface OpenaiScript {
  /** How batches end; `never`: they run on. */
  readonly ending?: 'completed' | 'expired' | 'cancelled' | 'never'
  /** Bytes of each picture. */
  readonly pictureBytes?: number
  /** Of the files of results; as bytes without a type when absent. */
  readonly contentType?: string
  /** Creations are not answered: they are done all the same, or not. */
  readonly creation?: 'done' | 'undone'
  /** Batches have ended when they are created. */
  readonly isAtOnce?: boolean
  /** Uploads are taken and not answered. */
  readonly swallows?: boolean
  /** Deletions are refused. */
  readonly keepsFiles?: boolean
}

interface OpenaiBatch {
  status: string
  readonly object: JsonObject
  readonly lines: readonly JsonObject[]
  output?: string
  errors?: string
  asked: number
}

export interface OpenaiDouble extends DoubleServer {
  /** Content by id; what was deleted is gone. */
  readonly files: ReadonlyMap<string, { readonly filename: string; readonly bytes: Buffer; readonly expiresAfter?: number }>
  readonly batches: ReadonlyMap<string, OpenaiBatch>
}

const usage = {
  input_tokens: 13,
  input_tokens_details: { text_tokens: 13, image_tokens: 0 },
  output_tokens: 1056,
  output_tokens_details: { image_tokens: 1056, text_tokens: 0 },
  total_tokens: 1069,
}

const refused = (status: number, code: string | null, message: string): DoubleAnswer => ({
  status,
  json: { error: { message, type: 'invalid_request_error', param: null, code } },
})

export async function startOpenai(script: OpenaiScript = {}): Promise<OpenaiDouble> {
  const files = new Map<string, { filename: string; bytes: Buffer; expiresAfter?: number }>()
  const batches = new Map<string, OpenaiBatch>()
  let made = 0

  const keep = (filename: string, bytes: Buffer, expiresAfter?: number): string => {
    const id = `file-${++made}`
    files.set(id, { filename, bytes, ...(expiresAfter !== undefined && { expiresAfter }) })
    return id
  }

  const upload = async (call: DoubleCall): Promise<DoubleAnswer> => {
    const form = await call.form()
    const file = form.get('file')
    const seconds = form.get('expires_after[seconds]')
    if (form.get('purpose') !== 'batch') return refused(400, 'invalid_value', 'purpose: only batch is known here.')
    if (!(file instanceof File) || !file.name.endsWith('.jsonl')) return refused(400, null, 'The file must be a .jsonl file.')
    if (seconds !== null && form.get('expires_after[anchor]') !== 'created_at')
      return refused(400, null, 'expires_after: no anchor.')
    const bytes = Buffer.from(await file.arrayBuffer())
    const id = keep(file.name, bytes, seconds === null ? undefined : Number(seconds))
    const { name: filename } = file
    return { json: { id, object: 'file', bytes: bytes.length, created_at: 1, filename, purpose: 'batch', status: 'processed' } }
  }

  const create = ({ json }: DoubleCall): DoubleAnswer => {
    const problems = openaiSpecification.problems('CreateBatchRequest', json)
    if (problems.length > 0) return refused(400, 'invalid_value', problems.join('; '))
    const input = files.get(String(json['input_file_id']))
    if (!input) return refused(404, null, `No such File object: ${String(json['input_file_id'])}`)
    const lines = input.bytes
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JsonObject)
    const id = `batch_${batches.size + 1}`
    const object = { ...json, id, object: 'batch', created_at: 1, expires_at: 86_401 }
    const isValid = lines.every(({ url, method, custom_id }) => url === json['endpoint'] && method === 'POST' && custom_id)
    const batch: OpenaiBatch = { status: isValid ? 'validating' : 'failed', object, lines, asked: 0 }
    batches.set(id, batch)
    if (script.isAtOnce && isValid) work(batch)
    return { json: written(batch) }
  }

  const work = (batch: OpenaiBatch): void => {
    const answers = batch.lines.map((line) => answerTo(line, script))
    const isDone = script.ending !== 'expired' && script.ending !== 'cancelled'
    const code = `batch_${script.ending}`
    const lines = batch.lines.map((line, index) => ({
      id: `batch_req_${index + 1}`,
      custom_id: line['custom_id'] ?? null,
      response: isDone ? { request_id: `req_${index + 1}`, ...answers[index] } : null,
      error: isDone ? null : { code, message: 'This request could not be executed.' },
    }))
    const good = lines.filter(({ response }) => (response as JsonObject | null)?.['status_code'] === 200)
    const bad = lines.filter((line) => !good.includes(line))
    const text = (rows: readonly object[]): Buffer => Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    if (good.length > 0) batch.output = keep('output.jsonl', text(good))
    if (bad.length > 0) batch.errors = keep('errors.jsonl', text(bad))
    batch.status = script.ending ?? 'completed'
  }

  /** It runs when it is asked about for the first time, and has ended the next time. */
  const ask = (batch: OpenaiBatch): DoubleAnswer => {
    batch.asked += 1
    if (batch.status === 'validating') batch.status = 'in_progress'
    else if (batch.status === 'in_progress' && script.ending !== 'never') work(batch)
    return { json: written(batch) }
  }

  const cancel = (batch: OpenaiBatch): DoubleAnswer => {
    if (!['validating', 'in_progress'].includes(batch.status)) {
      return refused(409, null, `Cannot cancel a batch with status '${batch.status}'.`)
    }
    batch.status = batch.status === 'validating' ? 'cancelled' : 'cancelling'
    return { json: written(batch) }
  }

  const server = await startServer(async (call) => {
    if (call.headers.authorization !== `Bearer ${openaiKey}`)
      return refused(401, 'invalid_api_key', 'Incorrect API key provided.')
    const [, id = '', verb] = /^\/v1\/(?:files|batches)\/([\w-]+)(?:\/(content|cancel))?$/.exec(call.path) ?? []
    const [file, batch] = [files.get(id), batches.get(id)]
    if (call.path === '/v1/files' && call.method === 'POST')
      return script.swallows ? new Promise<never>(() => undefined) : upload(call)
    if (call.path === '/v1/batches' && call.method === 'POST') {
      const answer = script.creation === 'undone' ? undefined : create(call)
      return answer && script.creation === undefined ? answer : new Promise<never>(() => undefined)
    }
    if (call.path === '/v1/batches') return list([...batches.values()], call.query)
    if (batch) return verb === 'cancel' ? cancel(batch) : ask(batch)
    if (!file) return refused(404, null, `No such object: ${id}`)
    if (verb === 'content') return { bytes: file.bytes, type: script.contentType ?? 'application/octet-stream' }
    if (call.method !== 'DELETE') return refused(404, null, call.path)
    if (script.keepsFiles) return refused(500, null, 'The server had an error.')
    files.delete(id)
    return { json: { id, object: 'file', deleted: true } }
  })
  return { ...server, files, batches }
}

/** Newest first, a page at a time. */
function list(batches: readonly OpenaiBatch[], query: URLSearchParams): DoubleAnswer {
  const all = batches.toReversed().map(written)
  const from = all.findIndex(({ id }) => id === query.get('after')) + 1
  const limit = Number(query.get('limit') ?? 20)
  const data = all.slice(from, from + limit)
  const ends = { first_id: data[0]?.['id'] ?? null, last_id: data.at(-1)?.['id'] ?? null }
  return { json: { object: 'list', data, ...ends, has_more: from + limit < all.length } }
}

const written = ({ status, object, lines, output, errors }: OpenaiBatch): JsonObject => ({
  ...object,
  status,
  errors:
    status === 'failed'
      ? {
          object: 'list',
          data: [{ code: 'invalid_url', line: 1, message: 'The URL does not match the endpoint.', param: 'url' }],
        }
      : null,
  output_file_id: output ?? null,
  error_file_id: errors ?? null,
  request_counts: { total: lines.length, completed: output === undefined ? 0 : 1, failed: errors === undefined ? 0 : 1 },
})

/** As the endpoint itself would answer. */
function answerTo({ url, body }: JsonObject, { pictureBytes }: OpenaiScript): JsonObject {
  const members = body as JsonObject
  const schema = url === '/v1/images/edits' ? 'EditImageBodyJsonParam' : 'CreateImageRequest'
  const problems = openaiSpecification.problems(schema, members)
  if (problems.length > 0) return failed('unknown_parameter', problems.join('; '))
  if (String(members['prompt']).includes('forbidden'))
    return failed('moderation_blocked', 'Your request was rejected by the safety system.')
  const [width = 1024, height = 1024] = String(members['size']).split('x').map(Number)
  const data = Array.from({ length: Number(members['n'] ?? 1) }, (_, seed): JsonValue => {
    const picture = doublePicture(width, height, { seed, ...(pictureBytes !== undefined && { bytes: pictureBytes }) })
    return { b64_json: picture.toString('base64') }
  })
  return { status_code: 200, body: { created: 1, data, usage } }
}

const failed = (code: string, message: string): JsonObject => ({
  status_code: 400,
  body: { error: { message, type: 'image_generation_user_error', param: null, code } },
})
