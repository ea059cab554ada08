/**
 * Server-sent events as bytes: lines are split by searching for line ends, and each event's data flows into a scanner of its
 * own, so an image in a `data:` line never becomes a string.
 */
import { createJsonScanner, type JsonScanner, type JsonScannerOptions, ScanError, type ScannedJson } from './json-scanner.ts'

export interface SseEvent {
  /** From the `event:` line, if there was one. */
  readonly name?: string
  readonly data: ScannedJson
}

export interface SseReaderOptions {
  readonly scanner: JsonScannerOptions
  /** Called one event at a time; the reader waits for it. The receiver disposes the bodies. */
  readonly onEvent: (event: SseEvent) => void | Promise<void>
  readonly maxEvents?: number
}

export interface SseReader {
  /** Await the promise, if one is returned, before the next write. */
  write(chunk: Uint8Array): void | Promise<void>
  /** A last event without its blank line still counts if its JSON is whole. */
  end(): Promise<void>
  abort(): Promise<void>
}

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const SPACE = 0x20
/** Field names and the values of fields other than `data` are cut to this. */
const MAX_FIELD_BYTES = 1024
const DONE_MARK = '[DONE]'

export const createSseReader = (options: SseReaderOptions): SseReader => new Reader(options)

type Place = 'name' | 'data' | 'field' | 'comment'

class Reader implements SseReader {
  readonly #options: SseReaderOptions
  readonly #maxEvents: number
  #place: Place = 'name'
  /** The field name, then the value of a short field. */
  #text = ''
  #field = ''
  #skipSpace = false
  #afterCarriageReturn = false
  #atStart = true
  #eventName = ''
  #scanner: JsonScanner | undefined
  /** The first bytes of an event's data while they may still be `[DONE]`. */
  #mark: number[] | undefined
  #hasData = false
  #events = 0

  constructor(options: SseReaderOptions) {
    this.#options = options
    this.#maxEvents = options.maxEvents ?? 10_000
  }

  write(chunk: Uint8Array): void | Promise<void> {
    return this.#advance(chunk, 0)
  }

  async end(): Promise<void> {
    if (this.#place === 'name' && this.#text !== '') this.#endName(true)
    await this.#endLine()
    await this.#dispatch()
  }

  async abort(): Promise<void> {
    await this.#scanner?.abort()
    this.#scanner = undefined
  }

  #advance(chunk: Uint8Array, from: number): void | Promise<void> {
    let at = from
    while (at < chunk.length) {
      if (this.#afterCarriageReturn) {
        this.#afterCarriageReturn = false
        if (chunk[at] === LF) {
          at++
          continue
        }
      }
      const end = lineEnd(chunk, at)
      const pending = this.#take(chunk.subarray(at, end), end < chunk.length)
      at = end
      if (at < chunk.length) {
        this.#afterCarriageReturn = chunk[at] === CR
        at++
      }
      if (pending) return pending.then(() => this.#advance(chunk, at))
    }
  }

  /** A piece of one line; `isEnd` when the line ends after it. */
  #take(piece: Uint8Array, isEnd: boolean): void | Promise<void> {
    let rest = piece
    if (this.#place === 'name') rest = this.#takeName(rest, isEnd)
    if (this.#skipSpace && rest.length > 0) {
      if (rest[0] === SPACE) rest = rest.subarray(1)
      this.#skipSpace = false
    }
    if (this.#place === 'field') this.#takeText(rest)
    const pending = this.#place === 'data' && rest.length > 0 ? this.#takeData(rest) : undefined
    if (!isEnd) return pending
    return pending ? pending.then(() => this.#finishLine()) : this.#finishLine()
  }

  /** Up to and including the colon; returns what follows it. */
  #takeName(piece: Uint8Array, isEnd: boolean): Uint8Array {
    const colon = piece.indexOf(COLON)
    this.#takeText(colon < 0 ? piece : piece.subarray(0, colon))
    if (colon < 0 && !isEnd) return piece.subarray(piece.length)
    this.#endName(colon < 0)
    return colon < 0 ? piece.subarray(piece.length) : piece.subarray(colon + 1)
  }

  #endName(isBlankLine: boolean): void {
    const name = this.#atStart ? this.#text.replace(/^\u00ef\u00bb\u00bf/, '') : this.#text
    this.#atStart = false
    if (isBlankLine && name === '') return
    this.#field = name
    this.#text = ''
    this.#skipSpace = true
    this.#place = name === '' ? 'comment' : name === 'data' ? 'data' : 'field'
    if (this.#place === 'data') this.#openData()
  }

  #takeText(bytes: Uint8Array): void {
    const room = MAX_FIELD_BYTES - this.#text.length
    if (room > 0) this.#text += Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, room)).toString('latin1')
  }

  #openData(): void {
    if (this.#hasData) return
    if (++this.#events > this.#maxEvents) throw new ScanError('too_large', `The stream has more than ${this.#maxEvents} events.`)
    this.#hasData = true
    this.#mark = []
  }

  #takeData(bytes: Uint8Array): void | Promise<void> {
    if (!this.#mark) return this.#scannerOfEvent().write(bytes)
    let at = 0
    while (at < bytes.length && this.#mark.length < DONE_MARK.length) this.#mark.push(bytes[at++] as number)
    if (this.#isDoneMark()) return undefined
    if (this.#mark.length < DONE_MARK.length && DONE_MARK.startsWith(String.fromCharCode(...this.#mark))) return undefined
    const held = Uint8Array.from(this.#mark)
    this.#mark = undefined
    const pending = this.#scannerOfEvent().write(held)
    return pending
      ? pending.then(() => this.#scannerOfEvent().write(bytes.subarray(at)))
      : this.#scannerOfEvent().write(bytes.subarray(at))
  }

  #isDoneMark(): boolean {
    return this.#mark?.length === DONE_MARK.length && String.fromCharCode(...this.#mark) === DONE_MARK
  }

  #scannerOfEvent(): JsonScanner {
    this.#scanner ??= createJsonScanner(this.#options.scanner)
    return this.#scanner
  }

  #finishLine(): void | Promise<void> {
    const isBlank = this.#place === 'name'
    const pending = this.#endLine()
    if (!isBlank) return pending
    return pending ? pending.then(() => this.#dispatch()) : this.#dispatch()
  }

  #endLine(): void | Promise<void> {
    const place = this.#place
    if (place === 'field' && this.#field === 'event') this.#eventName = this.#text
    this.#place = 'name'
    this.#text = ''
    this.#skipSpace = false
    // Lines of one event are joined by a line feed; between JSON tokens it means nothing.
    if (place === 'data' && this.#scanner) return this.#scanner.write(Uint8Array.of(LF))
  }

  #dispatch(): void | Promise<void> {
    const name = this.#eventName
    const hadData = this.#hasData
    const isDone = this.#isDoneMark()
    const held = this.#mark
    this.#eventName = ''
    this.#hasData = false
    this.#mark = undefined
    if (!hadData || isDone || held?.length === 0) return undefined
    return this.#deliver(name, held)
  }

  async #deliver(name: string, held: readonly number[] | undefined): Promise<void> {
    const scanner = this.#scannerOfEvent()
    if (held) await scanner.write(Uint8Array.from(held))
    const data = await scanner.end()
    this.#scanner = undefined
    await this.#options.onEvent(name === '' ? { data } : { name, data })
  }
}

/** Index of the next CR or LF, or the length. */
function lineEnd(chunk: Uint8Array, from: number): number {
  const lf = chunk.indexOf(LF, from)
  const bound = lf < 0 ? chunk.length : lf
  const cr = chunk.subarray(from, bound).indexOf(CR)
  return cr < 0 ? bound : from + cr
}
