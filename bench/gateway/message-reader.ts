/**
 * The least of HTTP/1.1: finds the end of a message, with a length or in chunks, and keeps nothing of its body. The bench's own
 * two ends use it because a full client or server would cost more than what is measured.
 */

const HEAD_END = Buffer.from('\r\n\r\n')

type Phase = 'head' | 'length' | 'chunkSize' | 'chunkData' | 'chunkEnd' | 'trailer'

export class MessageReader {
  /** Start line and headers of the message being read, or of the last one. */
  head = ''
  /** Of the body, without the framing of chunks. */
  bodyBytes = 0
  #phase: Phase = 'head'
  #left = 0
  #line = ''
  #pending: Buffer = Buffer.alloc(0)

  /** Take what arrived; true when the message is complete. The next message begins with the next call. */
  take(data: Buffer): boolean {
    let at = 0
    if (this.#phase === 'head') {
      const taken = this.#takeHead(data)
      if (taken === undefined) return false
      at = taken
      if (this.#isEmpty()) return this.#finish()
    }
    while (at < data.length) {
      if (this.#phase === 'length' || this.#phase === 'chunkData') {
        const count = Math.min(this.#left, data.length - at)
        this.bodyBytes += count
        this.#left -= count
        at += count
        if (this.#left > 0) return false
        if (this.#phase === 'length') return this.#finish()
        this.#phase = 'chunkEnd'
      } else {
        const end = data.indexOf(0x0a, at)
        if (end < 0) {
          this.#line += data.toString('latin1', at)
          return false
        }
        const line = this.#line + data.toString('latin1', at, end)
        this.#line = ''
        at = end + 1
        if (this.#takeLine(line.trim())) return this.#finish()
      }
    }
    return false
  }

  /** A line of the framing; true when it was the last of the message. */
  #takeLine(line: string): boolean {
    if (this.#phase === 'chunkEnd') this.#phase = 'chunkSize'
    else if (this.#phase === 'chunkSize') {
      this.#left = Number.parseInt(line, 16)
      this.#phase = this.#left > 0 ? 'chunkData' : 'trailer'
    } else if (line === '') return true
    return false
  }

  /** Returns where the body begins, or undefined while the head is incomplete. */
  #takeHead(data: Buffer): number | undefined {
    const before = this.#pending.length
    const all = before === 0 ? data : Buffer.concat([this.#pending, data])
    const end = all.indexOf(HEAD_END)
    if (end < 0) {
      // The reader's buffer is reused for the next packet.
      this.#pending = Buffer.from(all)
      return undefined
    }
    this.#pending = Buffer.alloc(0)
    this.head = all.toString('latin1', 0, end)
    this.bodyBytes = 0
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.head)?.[1]
    this.#phase = length === undefined && /\r\ntransfer-encoding: *chunked/i.test(this.head) ? 'chunkSize' : 'length'
    this.#left = Number(length ?? 0)
    return end + HEAD_END.length - before
  }

  #isEmpty(): boolean {
    return this.#phase === 'length' && this.#left === 0
  }

  #finish(): true {
    this.#phase = 'head'
    return true
  }
}
