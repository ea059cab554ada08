/**
 * One pass over a JSON body as bytes. Long base64 strings are decoded on the fly into spooled bodies and replaced by
 * `{"$body": k}`; what is left, the skeleton, is small and parsed at the end. Image data never becomes a string.
 */
import type { JsonValue } from '../core/json.ts'
import type { SpooledBody, SpoolWriter } from '../ports/blob-store.ts'
import { sextetOf } from './base64.ts'
import { type BodySink, createBodySink } from './body-sink.ts'
import { ScanError } from './scan-error.ts'

export { ScanError } from './scan-error.ts'

export interface JsonScannerOptions {
  /** A place for the bytes of one string; its own limit bounds them. */
  readonly openBody: () => SpoolWriter
  /** A base64 string of at least this many characters is cut out. */
  readonly minBodyChars?: number
  /** Members whose string values, or those of their list, are cut out however short they are. */
  readonly bodyKeys?: ReadonlySet<string>
  /** Members whose string values always stay text, such as a prompt. */
  readonly textKeys?: ReadonlySet<string>
  readonly maxSkeletonBytes?: number
  readonly maxBodies?: number
  readonly maxDepth?: number
}

export interface ScannedBody {
  readonly body: SpooledBody
  /** From the prefix of a `data:` URL; what the bytes are is told by the bytes. */
  readonly declaredType?: string
}

export interface ScannedJson {
  readonly value: JsonValue
  readonly bodies: readonly ScannedBody[]
}

export interface JsonScanner {
  /** Await the promise, if one is returned, before the next write; the chunk is no longer needed. Throws or rejects with `ScanError`. */
  write(chunk: Uint8Array): void | Promise<void>
  /** The parsed skeleton. The caller disposes the bodies. On failure nothing is left behind. */
  end(): Promise<ScannedJson>
  /** Drop everything received; idempotent. */
  abort(): Promise<void>
}

/** The position of a cut-out string in the skeleton, or undefined when the value is anything else. */
export function bodyIndexOf(value: JsonValue | undefined): number | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const index = (value as { readonly $body?: JsonValue }).$body
  return typeof index === 'number' ? index : undefined
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const COMMA = 0x2c
const COLON = 0x3a
const PADDING = 0x3d
/** After a backslash: `/`, `n`, `r`, `u`. */
const ESCAPES = new Set([0x2f, 0x6e, 0x72, 0x75])

const DEFAULTS = { minBodyChars: 4096, maxSkeletonBytes: 1024 * 1024, maxBodies: 64, maxDepth: 64 }
/** A longer prefix than this is not a media type. */
const MAX_DATA_PREFIX = 256

type Mode = 'structure' | 'text' | 'body'

export function createJsonScanner(options: JsonScannerOptions): JsonScanner {
  return new Scanner(options)
}

class Scanner implements JsonScanner {
  readonly #options: JsonScannerOptions
  readonly #minBodyChars: number
  readonly #maxSkeletonBytes: number
  readonly #maxBodies: number
  readonly #maxDepth: number
  readonly #bodies: ScannedBody[] = []
  /** One entry per open container: true for an object. */
  readonly #stack: boolean[] = []
  #skeleton = Buffer.allocUnsafe(1024)
  #length = 0
  #mode: Mode = 'structure'
  #sink: BodySink | undefined
  #expectKey = false
  /** The string being copied: where it starts in the skeleton, whether the next byte is escaped, what it may turn into. */
  #stringStart = 0
  #escaped = false
  #isKey = false
  #mayBeBody = false
  #mustBeBody = false
  #key = ''
  #failed: unknown
  #closed = false

  constructor(options: JsonScannerOptions) {
    this.#options = options
    this.#minBodyChars = options.minBodyChars ?? DEFAULTS.minBodyChars
    this.#maxSkeletonBytes = options.maxSkeletonBytes ?? DEFAULTS.maxSkeletonBytes
    this.#maxBodies = options.maxBodies ?? DEFAULTS.maxBodies
    this.#maxDepth = options.maxDepth ?? DEFAULTS.maxDepth
  }

  write(chunk: Uint8Array): void | Promise<void> {
    if (this.#closed) throw this.#closedError()
    try {
      const pending = this.#advance(chunk, 0)
      return pending?.catch((error: unknown) => this.#fail(error))
    } catch (error) {
      return this.#fail(error)
    }
  }

  async end(): Promise<ScannedJson> {
    if (this.#closed) throw this.#closedError()
    if (this.#mode !== 'structure' || this.#stack.length > 0 || this.#length === 0) {
      return this.#fail(new ScanError('truncated', 'The JSON ends in the middle.'))
    }
    try {
      const value = parseSkeleton(this.#skeleton.subarray(0, this.#length))
      assertReferences(value, this.#bodies.length)
      this.#closed = true
      return { value, bodies: this.#bodies }
    } catch (error) {
      return this.#fail(error)
    }
  }

  async abort(): Promise<void> {
    this.#closed = true
    this.#failed ??= new ScanError('truncated', 'The reader stopped.')
    const sink = this.#sink
    this.#sink = undefined
    await Promise.all([sink?.abort(), ...this.#bodies.splice(0).map(({ body }) => body.dispose())])
  }

  /** Made when it is needed: capturing a stack for every answer would cost more than parsing a small one. */
  #closedError(): unknown {
    return this.#failed ?? new ScanError('invalid_json', 'The scanner has ended.')
  }

  /** Errors come after what was spooled is gone. */
  async #fail(error: unknown): Promise<never> {
    this.#failed = error
    await this.abort()
    throw error
  }

  /** Work through `chunk` from `at`; a promise when the spool asks to wait. */
  #advance(chunk: Uint8Array, from: number): void | Promise<void> {
    let at = from
    while (at < chunk.length) {
      if (this.#mode === 'body') {
        const sink = this.#sink as BodySink
        at = sink.take(chunk, at)
        const pending = sink.flush()
        if (!sink.finished && !pending) continue
        // The caller may use its memory again when this returns.
        const rest = Uint8Array.from(chunk.subarray(at))
        return (sink.finished ? this.#closeBody(sink, pending) : Promise.resolve(pending)).then(() => this.#advance(rest, 0))
      } else if (this.#mode === 'text') {
        at = this.#copyText(chunk, at)
      } else {
        at = this.#copyStructure(chunk, at)
      }
    }
  }

  /** Copy bytes outside strings up to and including an opening quote; returns where it stopped. */
  #copyStructure(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] as number
      this.#put(byte)
      if (byte === QUOTE) {
        this.#openString()
        return at + 1
      }
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#openContainer(byte === OPEN_OBJECT)
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) this.#closeContainer()
      else if (byte === COMMA) this.#expectKey = this.#stack.at(-1) === true
      else if (byte === COLON) this.#expectKey = false
    }
    return chunk.length
  }

  #openContainer(isObject: boolean): void {
    if (this.#stack.length >= this.#maxDepth) throw new ScanError('too_deep', `The JSON is nested deeper than ${this.#maxDepth}.`)
    this.#stack.push(isObject)
    this.#expectKey = isObject
    // The strings of a list are those of its member.
    if (isObject) this.#key = ''
  }

  #closeContainer(): void {
    if (this.#stack.pop() === undefined) throw new ScanError('invalid_json', 'The JSON closes a bracket that is not open.')
    this.#expectKey = false
    this.#key = ''
  }

  #openString(): void {
    this.#mode = 'text'
    this.#stringStart = this.#length
    this.#escaped = false
    this.#isKey = this.#expectKey
    this.#mayBeBody = !(this.#isKey || this.#options.textKeys?.has(this.#key))
    this.#mustBeBody = this.#mayBeBody && this.#options.bodyKeys?.has(this.#key) === true
  }

  /** Copy a string until it ends, or until it is known to be base64 worth cutting out. */
  #copyText(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] as number
      if (byte === QUOTE && !this.#escaped) {
        if (this.#mayBeBody && this.#turnsIntoBody(true)) return at
        this.#put(byte)
        this.#endText()
        return at + 1
      }
      this.#put(byte)
      this.#escaped = byte === BACKSLASH && !this.#escaped
      if (this.#mayBeBody && !this.#escaped && this.#turnsIntoBody(false)) return at + 1
    }
    return chunk.length
  }

  #endText(): void {
    if (this.#isKey) this.#key = this.#skeleton.toString('utf8', this.#stringStart, this.#length - 1)
    this.#mode = 'structure'
  }

  /**
   * Decide about the string copied so far: a `data:` URL and a value under a body key at once, other strings when they are
   * long enough. Once a string has shown itself to be text it is not looked at again.
   */
  #turnsIntoBody(atEnd: boolean): boolean {
    const length = this.#length - this.#stringStart
    const dataUrl = this.#dataUrlPrefix(length)
    if (dataUrl === 'undecided' && !atEnd) return false
    if (typeof dataUrl === 'object') return this.#openSink(dataUrl.length, dataUrl.declaredType)
    if (this.#mustBeBody) return this.#openSink(0, undefined)
    if (length < this.#minBodyChars) return false
    this.#mayBeBody = false
    return looksLikeBase64(this.#skeleton.subarray(this.#stringStart, this.#length)) && this.#openSink(0, undefined)
  }

  /** The prefix `data:<type>;base64,` of the string so far; undecided while more bytes may complete it. */
  #dataUrlPrefix(length: number): { readonly length: number; readonly declaredType: string } | 'undecided' | 'none' {
    const at = this.#stringStart
    const scheme = 'data:'
    for (let index = 0; index < Math.min(scheme.length, length); index++) {
      if ((this.#skeleton[at + index] as number | 0x20) !== scheme.charCodeAt(index)) return 'none'
    }
    if (length < scheme.length) return 'undecided'
    const comma = this.#skeleton.subarray(at, this.#length).indexOf(COMMA)
    if (comma < 0) return length < MAX_DATA_PREFIX ? 'undecided' : 'none'
    const prefix = this.#skeleton.toString('latin1', at, at + comma).replaceAll('\\/', '/')
    const match = /^data:([^;,]*)(?:;[^;,]+)*;base64$/i.exec(prefix)
    return match ? { length: comma + 1, declaredType: (match[1] ?? '').toLowerCase() } : 'none'
  }

  /** Take the string out of the skeleton and let its bytes flow into a spooled body from here on. */
  #openSink(prefixLength: number, declaredType: string | undefined): boolean {
    if (this.#bodies.length >= this.#maxBodies) {
      throw new ScanError('too_many_bodies', `The JSON holds more than ${this.#maxBodies} images.`)
    }
    const already = Buffer.from(this.#skeleton.subarray(this.#stringStart + prefixLength, this.#length))
    this.#length = this.#stringStart - 1
    this.#putText(`{"$body":${this.#bodies.length}}`)
    this.#sink = createBodySink(this.#options.openBody(), declaredType)
    this.#mode = 'body'
    this.#sink.begin(already)
    return true
  }

  async #closeBody(sink: BodySink, pending: void | Promise<void>): Promise<void> {
    await pending
    const body = await sink.end()
    this.#sink = undefined
    if (this.#closed) return body.dispose()
    this.#bodies.push(sink.declaredType === undefined ? { body } : { body, declaredType: sink.declaredType })
    this.#mode = 'structure'
  }

  #put(byte: number): void {
    if (this.#length === this.#skeleton.length) this.#grow()
    this.#skeleton[this.#length++] = byte
  }

  #putText(text: string): void {
    for (let index = 0; index < text.length; index++) this.#put(text.charCodeAt(index))
  }

  #grow(): void {
    if (this.#length >= this.#maxSkeletonBytes) {
      throw new ScanError('too_large', `The JSON holds more than ${this.#maxSkeletonBytes} bytes besides images.`)
    }
    const larger = Buffer.allocUnsafe(Math.min(this.#skeleton.length * 2, this.#maxSkeletonBytes))
    this.#skeleton.copy(larger, 0, 0, this.#length)
    this.#skeleton = larger
  }
}

/** Only base64 characters and the escapes that serialisers write for them; an escape may be cut at the end. */
function looksLikeBase64(bytes: Uint8Array): boolean {
  let data = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (sextetOf(byte) >= 0) data++
    else if (byte === BACKSLASH) {
      const next = bytes[at + 1]
      if (next !== undefined && !ESCAPES.has(next)) return false
      at += 1
    } else if (byte !== PADDING) return false
  }
  return data > 0
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function parseSkeleton(bytes: Buffer): JsonValue {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch (error) {
    throw new ScanError('invalid_json', 'The JSON is not UTF-8.', error)
  }
  try {
    return JSON.parse(text) as JsonValue
  } catch (error) {
    throw new ScanError('invalid_json', 'The body is not valid JSON.', error)
  }
}

/** A sender's own `{"$body": 0}` must not pass for a reference: each index stands at most once, and only ours can. */
function assertReferences(value: JsonValue, count: number): void {
  const seen = new Set<number>()
  const visit = (node: JsonValue | undefined): void => {
    if (typeof node !== 'object' || node === null) return
    if ('$body' in node) {
      const index = bodyIndexOf(node)
      if (index === undefined || !Number.isInteger(index) || index < 0 || index >= count || seen.has(index)) {
        throw new ScanError('invalid_json', 'The member name "$body" is reserved.')
      }
      seen.add(index)
    }
    for (const child of Object.values(node)) visit(child)
  }
  visit(value)
}
