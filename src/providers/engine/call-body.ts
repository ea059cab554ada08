/** A call's body as bytes: input images are read from their blobs while they are sent, and never pass through a string. */
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { JsonValue } from '../../core/json.ts'
import type { ImageInput } from '../../core/request.ts'
import { base64Length, encodeBase64 } from '../../net/base64-encoder.ts'
import type { CallBody, MaskTransform, MultipartPart } from '../define-provider.ts'
import { convertMask } from './mask.ts'

export type OpenInput = (input: ImageInput) => AsyncIterable<Uint8Array>

export interface OutgoingBody {
  readonly headers: Readonly<Record<string, string>>
  /** A new one for each time the call is sent. */
  open(): Buffer | Readable | undefined
  /** Hex, of all that `open` gives; for calls that are signed. */
  sha256(): Promise<string>
}

/** The pieces of a body in order: ready bytes, or an image to be read. */
type Piece = Buffer | InputPiece

interface InputPiece {
  readonly input: ImageInput
  readonly base64: boolean
  /** Converted before the body is sent, because its length has to be known. */
  readonly transform?: MaskTransform
}

/** Of calls without one. */
export const emptyBody: OutgoingBody = {
  headers: {},
  open: () => undefined,
  sha256: () => Promise.resolve(createHash('sha256').digest('hex')),
}

/**
 * `inputs` are those of the request, as `inputReference` counts them. Rejects with `invalid_image` for a mask that cannot be
 * converted.
 */
export async function outgoingBody(body: CallBody, inputs: readonly ImageInput[], openInput: OpenInput): Promise<OutgoingBody> {
  if (body.kind === 'none') return emptyBody
  const [type, pieces] = body.kind === 'multipart' ? multipart(body.parts, inputs) : json(body.value, inputs)
  return fromPieces(type, await Promise.all(pieces.map((piece) => converted(piece, openInput))), openInput)
}

type Typed = readonly [type: string, pieces: Piece[]]

const json = (value: JsonValue, inputs: readonly ImageInput[]): Typed => ['application/json', jsonPieces(value, inputs)]

function multipart(parts: readonly MultipartPart[], inputs: readonly ImageInput[]): Typed {
  const boundary = `halftone-${randomBytes(16).toString('hex')}`
  return [`multipart/form-data; boundary=${boundary}`, multipartPieces(parts, boundary, inputs)]
}

async function converted(piece: Piece, openInput: OpenInput): Promise<Piece> {
  if (Buffer.isBuffer(piece) || !piece.transform) return piece
  const mask = await convertMask(piece.input, openInput(piece.input), piece.transform)
  if (!piece.base64) return mask
  const encoded: Uint8Array[] = []
  for await (const chunk of encodeBase64(Readable.from([mask]))) encoded.push(chunk)
  return Buffer.concat(encoded)
}

function fromPieces(contentType: string, pieces: readonly Piece[], openInput: OpenInput): OutgoingBody {
  const bytes = pieces.reduce((total, piece) => total + pieceBytes(piece), 0)
  const headers = { 'content-type': contentType, 'content-length': String(bytes) }
  const [only] = pieces
  const open = (): Buffer | Readable =>
    pieces.length === 1 && Buffer.isBuffer(only) ? only : Readable.from(streamPieces(pieces, openInput), { objectMode: false })
  return { headers, open, sha256: () => sha256Of(streamPieces(pieces, openInput)) }
}

async function sha256Of(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

function pieceBytes(piece: Piece): number {
  if (Buffer.isBuffer(piece)) return piece.length
  return piece.base64 ? base64Length(piece.input.bytes) : piece.input.bytes
}

async function* streamPieces(pieces: readonly Piece[], openInput: OpenInput): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (Buffer.isBuffer(piece)) yield piece
    else if (piece.base64) yield* encodeBase64(openInput(piece.input))
    else yield* openInput(piece.input)
  }
}

interface InputMarks {
  readonly dataUrl?: boolean
  readonly transform?: MaskTransform
}

const sentTypeOf = ({ mediaType }: ImageInput, transform: MaskTransform | undefined): string =>
  transform ? 'image/png' : mediaType

/** JSON text with each `inputReference` left out; nothing a client writes can look like one, since codecs build the value. */
function jsonPieces(value: JsonValue, inputs: readonly ImageInput[]): Piece[] {
  const pieces: Piece[] = []
  let text = ''
  const write = (node: JsonValue): void => {
    if (typeof node !== 'object' || node === null) text += JSON.stringify(node)
    else if (Array.isArray(node)) writeList('[', ']', node as readonly JsonValue[], write)
    // Made by `inputReference`, so their shape is known.
    else if ('$input' in node) writeInput(node['$input'] as number, node as InputMarks)
    else {
      const members = Object.entries(node).filter((member): member is [string, JsonValue] => member[1] !== undefined)
      writeList('{', '}', members, ([name, member]) => {
        text += `${JSON.stringify(name)}:`
        write(member)
      })
    }
  }
  const writeList = <Item>(open: string, close: string, items: readonly Item[], writeItem: (item: Item) => void): void => {
    text += open
    items.forEach((item, index) => {
      if (index > 0) text += ','
      writeItem(item)
    })
    text += close
  }
  const writeInput = (index: number, { dataUrl, transform }: InputMarks): void => {
    const input = inputs[index]
    if (!input) throw new Error(`The codec refers to input ${index}, which is not there.`)
    const prefix = dataUrl ? `data:${sentTypeOf(input, transform)};base64,` : ''
    pieces.push(Buffer.from(`${text}"${prefix}`), { input, base64: true, ...(transform && { transform }) })
    text = '"'
  }
  write(value)
  pieces.push(Buffer.from(text))
  return pieces
}

function multipartPieces(parts: readonly MultipartPart[], boundary: string, inputs: readonly ImageInput[]): Piece[] {
  const pieces: Piece[] = []
  let text = ''
  for (const part of parts) {
    text += `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(part.name)}"`
    if (part.kind === 'field') {
      const type = part.mediaType && `; filename="${quoted(part.name)}.json"\r\ncontent-type: ${part.mediaType}`
      text += `${type ?? ''}\r\n\r\n${part.value}\r\n`
    } else if (part.kind === 'document') {
      text += `; filename="${quoted(part.filename)}"\r\ncontent-type: application/octet-stream\r\n\r\n`
      pieces.push(Buffer.from(text), ...jsonPieces(part.value, inputs))
      text = '\r\n'
    } else {
      const { input, transform } = part
      text += `; filename="${quoted(part.filename)}"\r\ncontent-type: ${sentTypeOf(input, transform)}\r\n\r\n`
      pieces.push(Buffer.from(text), { input, base64: false, ...(transform && { transform }) })
      text = '\r\n'
    }
  }
  pieces.push(Buffer.from(`${text}--${boundary}--\r\n`))
  return pieces
}

/** As browsers escape names in form data. */
const quoted = (text: string): string => text.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
