/** Recorded exchanges of codecs: what a fixture says, and the pictures, inputs and bytes its words stand for. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cell, Mark } from '../../scripts/provider-matrix.ts'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import type { CandidateSettings } from '../../src/core/offer.ts'
import type { ImageInput, ImageRequest, InputRole, Operation } from '../../src/core/request.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { createSvgDrawer } from '../../src/steps/svg/draw.ts'
import { type AttemptSetup, testClock, testInput } from '../providers/attempt.ts'
import { doubleMask } from '../support/double-picture.ts'
import { doublePicture } from '../support/provider-double.ts'

export interface Fixture {
  /** Where the wire facts are from: specification, SDK, document, with its version or date. */
  readonly source: string
  /**
   * How sure the wire format is: the call was held against the stored specification (`spec`), the vendor's own SDK talks to the
   * double (`sdk`), official documentation (`documented`), or none of them (`assumed`).
   */
  readonly mark?: Mark
  /** Cells of the provider matrix this exchange shows. */
  readonly proves?: readonly Cell[]
  readonly config?: Pick<ProviderConfig, 'models' | 'options' | 'region' | 'timeoutMs' | 'batchTimeoutMs'>
  readonly model?: string
  readonly settings?: Partial<CandidateSettings>
  /** `edit` when there are inputs, else `generate`. */
  readonly operation?: Operation
  readonly request?: Partial<ImageRequest>
  /** Each is a small PNG, `<image>` in a JSON call, or `<white-is-edit>` and `<black-is-edit>` for a mask that was converted; `control` inputs say of what kind. */
  readonly inputs?: readonly (InputRole | (Pick<ImageInput, 'role'> & Partial<ImageInput>))[]
  readonly webhookUrl?: string
  /** One exchange, or several in order: upload, submit, polls, result. */
  readonly call?: Call
  readonly response?: Answer
  readonly exchanges?: Exchanges
  readonly outcome: {
    readonly kind: 'done' | 'failed'
    readonly images?: number
    readonly partials?: number
    readonly usage?: Readonly<Record<string, string>> | null
    readonly reportedCost?: JsonObject | null
    readonly failure?: JsonObject
    readonly failures?: readonly string[]
    readonly warnings?: readonly string[]
    readonly revisedPrompt?: string
    readonly seed?: number
    /** The id under which a job was put on record. */
    readonly jobId?: string
  }
}

export type Exchanges = readonly { readonly call?: Call; readonly response: Answer }[]

export interface Call {
  /** `POST` when absent. */
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: JsonObject | readonly JsonValue[]
  readonly form?: Readonly<Record<string, string>>
  readonly files?: readonly (readonly [field: string, filename: string])[]
}

interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** In `json`, `events` and `text`, `<image>` stands for a picture in base64 and `<origin>` for this server. */
  readonly json?: JsonValue
  readonly text?: string
  readonly events?: readonly JsonObject[]
  /** The body is a picture; `true` is a PNG. */
  readonly image?: true
  /** Parts of a multipart answer: JSON, or a picture for `<image>`. */
  readonly parts?: Readonly<Record<string, JsonValue>>
}

export const picture = doublePicture(1024, 1024, { bytes: 6_000 })
export const mask = await doubleMask(1024, 1024)
export const drawSvg = createSvgDrawer()
export const readFixture = (root: string, type: string, name: string): Fixture =>
  JSON.parse(readFileSync(join(root, type, `${name}.json`), 'utf8')) as Fixture

/** Masks are pictures of their own: they have an alpha channel. */
const inputOf = (changes: Partial<ImageInput>): ImageInput =>
  changes.role === 'mask'
    ? testInput(mask, { width: 1024, height: 1024, sha256: 'mask', ...changes })
    : testInput(picture, { width: 1024, height: 1024, ...changes })

/** Jobs are asked about every few seconds; a replayed answer is there at once. */
export const hasty = { ...testClock, sleep: (ms: number, signal?: AbortSignal) => testClock.sleep(Math.min(ms, 20), signal) }

export const exchangesOf = ({ exchanges, call, response = {} }: Fixture): Exchanges =>
  exchanges ?? [{ ...(call && { call }), response }]

/** The attempt that a fixture shows. */
export function setupOf({ model, settings, webhookUrl, request, operation, inputs = [] }: Fixture): AttemptSetup {
  const given = inputs.map((each) => inputOf({ ...(typeof each === 'string' ? { role: each } : each) }))
  return {
    ...(model === undefined ? {} : { model }),
    ...(settings ? { settings } : {}),
    ...(webhookUrl === undefined ? {} : { webhookUrl }),
    request: { ...request, inputs: given, operation: operation ?? (given.length > 0 ? 'edit' : 'generate') },
    files: { input: picture, mask },
  }
}

/** An answer as it goes over the wire; `filled` puts in what its placeholders stand for. */
export function bodyOf(answer: Answer, filled: (text: string) => string): { type: string; body: string | Buffer } {
  if (answer.image) return { type: 'image/png', body: picture }
  if (answer.parts) return { type: 'multipart/form-data; boundary=part', body: multipartOf(answer.parts, filled) }
  if (answer.events) {
    const events = answer.events.map((event) => `event: ${event['type']}\ndata: ${JSON.stringify(event)}\n\n`).join('')
    return { type: 'text/event-stream', body: filled(events) }
  }
  return answer.json === undefined
    ? { type: 'text/plain', body: filled(answer.text ?? '') }
    : { type: 'application/json', body: filled(JSON.stringify(answer.json)) }
}

function multipartOf(parts: Readonly<Record<string, JsonValue>>, filled: (text: string) => string): Buffer {
  const pieces = Object.entries(parts).flatMap(([name, value]) => {
    const isImage = value === '<image>'
    const file = isImage ? 'png' : 'json'
    const head = `--part\r\ncontent-disposition: form-data; name="${name}"; filename="${name}.${file}"\r\ncontent-type: ${isImage ? 'image/png' : 'application/json'}\r\n\r\n`
    return [Buffer.from(head), isImage ? picture : Buffer.from(filled(JSON.stringify(value))), Buffer.from('\r\n')]
  })
  return Buffer.concat([...pieces, Buffer.from('--part--\r\n')])
}
