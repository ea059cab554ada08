/** A multipart form: its fields as text, its files spooled, both counted by the bytes that arrive. */
import type { IncomingMessage } from 'node:http'
import busboy from 'busboy'
import { HalftoneError } from '../core/error.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Spool, SpooledBody } from '../ports/blob-store.ts'
import { checkedJson } from './checked-json.ts'

export interface FormFile {
  /** Of the field. */
  readonly name: string
  readonly body: SpooledBody
  /** Only letters, digits, dots, dashes and underscores; absent: none was sent, or nothing of it is left. */
  readonly filename?: string
}

export interface Form {
  readonly fields: JsonObject
  readonly files: readonly FormFile[]
}

export interface FormOptions {
  readonly spool: Spool
  readonly maxBodyBytes: number
  readonly maxFileBytes: number
  readonly tooLargeCode: 'image_too_large' | 'body_too_large'
  readonly maxFiles: number
  /** What an error about too many files names. */
  readonly tooManyParam: string
  /** Why a file of this name is not taken, as what to do instead; undefined: it is. */
  refuse(name: string): string | undefined
}

const MAX_FIELD_BYTES = 1024 * 1024
const MAX_FIELDS = 200

/** Everything spooled is disposed when reading fails. */
export function readForm(raw: IncomingMessage, options: FormOptions): Promise<Form> {
  const { maxBodyBytes, maxFiles, tooManyParam } = options
  // No prototype: a field may have any name.
  const fields: Record<string, JsonValue> = Object.create(null) as Record<string, JsonValue>
  const files: Promise<FormFile>[] = []
  let bytes = 0
  const parser = createParser(raw, maxFiles)
  return new Promise<Form>((resolve, reject) => {
    let failed: unknown
    const fail = (error: unknown): void => {
      if (failed) return
      failed = error
      raw.unpipe(parser)
      raw.resume()
      parser.destroy()
      const forget = async (): Promise<void> => {
        const settled = await Promise.allSettled(files)
        await Promise.all(settled.map((file) => (file.status === 'fulfilled' ? file.value.body.dispose() : undefined)))
      }
      forget().then(
        () => reject(error),
        () => reject(error),
      )
    }
    raw.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > maxBodyBytes) fail(new HalftoneError('body_too_large', `The body is larger than ${maxBodyBytes} bytes.`))
    })
    raw.once('aborted', () => fail(new HalftoneError('invalid_multipart', 'The body ended before its last boundary.')))
    raw.once('error', (cause) => fail(new HalftoneError('invalid_multipart', 'The body could not be read.', { cause })))
    parser.on('field', (name, value, info) => {
      if (info.valueTruncated || info.nameTruncated) return fail(tooLongField(name))
      if (name in fields) return fail(sentTwice(name))
      fields[name] = value
    })
    parser.on('file', (name, stream, info) => {
      const refused = options.refuse(name)
      if (refused !== undefined || failed) {
        stream.on('error', () => undefined).resume()
        // The rest of a chunk is still parsed after a refusal; nothing of it may be spooled any more.
        return fail(unknownFile(name, refused))
      }
      const file = spoolFile(stream, name, info.filename, options)
      file.catch(fail)
      files.push(file)
    })
    parser.once('filesLimit', () =>
      fail(new HalftoneError('invalid_value', `At most ${maxFiles} files are taken.`, { param: tooManyParam })),
    )
    parser.once('fieldsLimit', () => fail(new HalftoneError('invalid_value', `At most ${MAX_FIELDS} fields are taken.`)))
    // More than once: taking the parser down is itself an error to it.
    parser.on('error', (cause) =>
      fail(new HalftoneError('invalid_multipart', 'The multipart body is damaged or cut off.', { cause })),
    )
    parser.once('close', () => {
      if (failed) return
      Promise.all(files)
        .then((spooled) => resolve({ fields: checkedJson(fields) as JsonObject, files: spooled }))
        .catch(fail)
    })
    raw.pipe(parser)
  })
}

function tooLongField(name: string): HalftoneError {
  const param = name.slice(0, 64)
  return new HalftoneError('body_too_large', `"${param}" is larger than 1 MiB.`, { param })
}

function sentTwice(name: string): HalftoneError {
  const param = name.slice(0, 64)
  return new HalftoneError('invalid_value', `"${param}" is sent twice; which of the two is meant cannot be told.`, { param })
}

function unknownFile(name: string, remedy = 'leave it out'): HalftoneError {
  const param = name.slice(0, 64)
  return new HalftoneError('unknown_parameter', `Unknown file "${param}": ${remedy}.`, { param })
}

function createParser(raw: IncomingMessage, maxFiles: number): busboy.Busboy {
  try {
    return busboy({
      headers: raw.headers,
      limits: { fieldSize: MAX_FIELD_BYTES, fields: MAX_FIELDS, files: maxFiles, fieldNameSize: 256 },
    })
  } catch (cause) {
    throw new HalftoneError('invalid_multipart', 'multipart/form-data needs a boundary in its Content-Type.', { cause })
  }
}

async function spoolFile(
  stream: AsyncIterable<Buffer> & { truncated?: boolean },
  name: string,
  sentName: string | undefined,
  { spool, maxFileBytes, tooLargeCode }: FormOptions,
): Promise<FormFile> {
  const writer = spool.create({ maxBytes: maxFileBytes, tooLargeCode })
  try {
    for await (const chunk of stream) {
      const waiting = writer.write(chunk)
      if (waiting) await waiting
    }
    const body = await writer.end()
    // Names go into an outgoing header: only what needs no quoting there.
    const filename = sentName?.replace(/[^\w.-]+/g, '_').slice(-64)
    return { name, body, ...(filename && { filename }) }
  } catch (error) {
    await writer.abort()
    throw error
  }
}
