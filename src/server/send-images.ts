/** The answer of an image endpoint: bytes stream from the spool through base64 to the socket, never as one string. */
import type { ServerResponse } from 'node:http'
import type { HalftoneResult } from '../contract/images.ts'
import { formatUsd } from '../core/money.ts'
import type { ExecuteResult, OutputImage, ResultSummary } from '../gateway/execution.ts'
import { base64Length, encodeBase64 } from '../net/base64-encoder.ts'

/** Headers every image answer carries. */
export function resultHeaders(requestId: string, summary: ResultSummary): Readonly<Record<string, string>> {
  const codes = [...new Set(summary.warnings.map((warning) => warning.code))]
  return {
    'x-request-id': requestId,
    'x-halftone-cost-usd': formatUsd(summary.costNanoUsd),
    'x-halftone-cost-status': summary.costStatus,
    'x-halftone-attempts': String(summary.attempts),
    'x-halftone-cache': summary.cache,
    ...(summary.offer && { 'x-halftone-offer': summary.offer }),
    ...(summary.floor && { 'x-halftone-floor': `${summary.floor.name}; because=${summary.floor.because}` }),
    ...(codes.length > 0 && { 'x-halftone-warnings': codes.join(',') }),
  }
}

/** The `halftone` object of JSON bodies and final stream events. */
export function halftoneObject(requestId: string, summary: ResultSummary): HalftoneResult {
  return {
    request_id: requestId,
    cost_usd: formatUsd(summary.costNanoUsd),
    cost_status: summary.costStatus,
    offer: summary.offer,
    attempts: summary.attempts,
    ...(summary.sandbox && { sandbox: true }),
    ...(summary.floor && { floor: { ...summary.floor } }),
    warnings: summary.warnings.map(({ code, param, message }) => ({ code, message, ...(param !== undefined && { param }) })),
  }
}

/** OpenAI's usage block; `cost` is written as an exact decimal literal, which `JSON.stringify` of a number would not be. */
export function usageJson({ tokens, costNanoUsd, costStatus }: ResultSummary): string {
  const input = tokens.textIn + tokens.imageIn
  const output = tokens.textOut + tokens.imageOut
  const counts = {
    input_tokens: input,
    output_tokens: output,
    total_tokens: input + output,
    input_tokens_details: { text_tokens: tokens.textIn, image_tokens: tokens.imageIn },
    output_tokens_details: { text_tokens: tokens.textOut, image_tokens: tokens.imageOut },
  }
  const cost = costStatus === 'unpriced' ? 'null' : formatUsd(costNanoUsd)
  return `${JSON.stringify(counts).slice(0, -1)},"cost":${cost}}`
}

export interface SendOptions {
  readonly result: ExecuteResult
  readonly responseFormat: 'b64_json' | 'url'
  readonly bodyMetadata: boolean
  /** Absolute signed URL of an asset. */
  urlOf(assetId: string): string
}

/** A block of the spool, encoded, with what the one before left over. */
const PIECE_BYTES = base64Length(64 * 1024 + 2)
/** Up to here memory is not worth keeping. */
const SMALL_PIECE_BYTES = 4 * 1024
/** Some five megabytes: more than a busy gateway writes at the same time. */
const MOST_SPARES = 64

/** Parts of the body: text, or an image to be encoded in place. */
export type Part = { readonly text: Buffer } | { readonly image: OutputImage }

/** Send the whole answer with its exact length; resolves when the last byte was handed to the socket or the client left. */
export async function sendImages(raw: ServerResponse, options: SendOptions): Promise<void> {
  const parts = imageParts(options)
  parts.push({ text: Buffer.from('\n') })
  const length = parts.reduce((sum, part) => sum + ('text' in part ? part.text.length : base64Length(part.image.bytes)), 0)
  raw.writeHead(200, {
    ...resultHeaders(options.result.requestId, options.result.summary),
    'content-type': 'application/json; charset=utf-8',
    'content-length': length,
  })
  for (const part of parts) {
    if (raw.destroyed) return
    if ('text' in part) raw.write(part.text)
    else await writeEncoded(raw, part.image)
  }
  raw.end()
}

/**
 * Base64 of an image, waiting for the socket whenever it is full. A piece that the socket has let go of leaves its memory to
 * the next one, of whichever answer: fresh memory for each would keep the garbage collector running all the time.
 */
export async function writeEncoded(raw: ServerResponse, image: { open(): AsyncIterable<Uint8Array> }): Promise<void> {
  for await (const piece of encodeBase64(image.open(), takePiece)) {
    if (raw.destroyed) return
    const goesOn = raw.write(piece, (error) => {
      // After an error nobody says whether the socket still reads it.
      if (!error) givePiece(piece)
    })
    if (!goesOn) await drained(raw)
  }
}

/** Pieces nobody writes at the moment. */
const spares: Buffer[] = []

function takePiece(bytes: number): Buffer {
  if (bytes <= SMALL_PIECE_BYTES) return Buffer.allocUnsafe(bytes)
  if (bytes > PIECE_BYTES) return Buffer.allocUnsafeSlow(bytes)
  return (spares.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES)).subarray(0, bytes)
}

function givePiece({ buffer }: Uint8Array): void {
  if (buffer.byteLength === PIECE_BYTES && spares.length < MOST_SPARES) spares.push(Buffer.from(buffer))
}

/** Resolves when the socket takes more, or is gone; leaves no listener behind, for a long answer waits many times. */
export function drained(raw: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      raw.off('drain', done)
      raw.off('close', done)
      resolve()
    }
    raw.on('drain', done)
    raw.on('close', done)
  })
}

/** The JSON of an answer, in the order of its bytes; no newline in it or behind it. */
export function imageParts({ result, responseFormat, bodyMetadata, urlOf }: SendOptions): Part[] {
  const { summary } = result
  const head = {
    created: Math.floor(result.createdUs / 1_000_000),
    ...(summary.background && { background: summary.background }),
    output_format: summary.format,
    ...(summary.quality && { quality: summary.quality }),
    size: summary.size,
  }
  const parts: Part[] = []
  let text = `${JSON.stringify(head).slice(0, -1)},"data":[`
  for (const [index, image] of result.images.entries()) {
    const comma = index > 0 ? ',' : ''
    const revised = image.revisedPrompt === undefined ? '' : `,"revised_prompt":${JSON.stringify(image.revisedPrompt)}`
    // An image that could not be stored has no URL; its bytes are paid for and go out instead.
    if (responseFormat === 'url' && image.assetId !== '') {
      text += `${comma}{"url":${JSON.stringify(urlOf(image.assetId))}${revised}}`
      continue
    }
    parts.push({ text: Buffer.from(`${text}${comma}{"b64_json":"`) }, { image })
    text = `"${revised}}`
  }
  const halftone = bodyMetadata ? `,"halftone":${JSON.stringify(halftoneObject(result.requestId, summary))}` : ''
  parts.push({ text: Buffer.from(`${text}],"usage":${usageJson(summary)}${halftone}}`) })
  return parts
}
