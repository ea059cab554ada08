/**
 * Bodies of all connections of one account are read into one piece of memory. Node gives every read 64 KiB of its own: with
 * thousands of answers on their way that is most of what a gateway holds, and as garbage it keeps the collector busy.
 *
 * The memory is lent for one call. Whoever reads a body says with each chunk how much of it is still to come, and only such bytes
 * are read into it. Heads of answers are not, for the parser keeps parts of them; and what it leaves of a body is copied.
 */
import type { Socket } from 'node:net'
import { buildConnector } from 'undici'
import { vectorPlace } from './base64-simd.ts'

export interface SharedReads {
  readonly connect: buildConnector.connector
  /**
   * Called while a chunk is read: how many bytes of this body are still to come, Infinity where nobody knows, 0 at its end. The next
   * chunks of it are gone when the call that brings them returns.
   */
  expect(bytes: number): void
}

/** For the head of an answer and the first of its body: all that is read of it before its turn. */
const HEAD_BYTES = 4 * 1024
const BODY_BYTES = 128 * 1024

interface Reader {
  /** Of the body that is being read. */
  expected: number
  /** Lent, and not taken yet. */
  lent: Uint8Array | undefined
  /** What the parser could not take, as a copy. */
  left: Buffer | undefined
  /** Nothing is read until the parser asks. */
  isHeld: boolean
}

export interface SharedReadsOptions {
  /** Milliseconds to connect in. */
  readonly timeout: number
  /** Certificates to trust instead of the usual ones. */
  readonly ca?: string
}

/** Only HTTP/1.1 is spoken. */
export function createSharedReads(options: SharedReadsOptions): SharedReads {
  const head = Buffer.allocUnsafeSlow(HEAD_BYTES)
  let body: Uint8Array | undefined
  let next: Uint8Array = head
  const readers = new WeakMap<Socket, Reader>()
  /** Whose bytes are being parsed. */
  let current: Reader | undefined

  const placeFor = ({ expected, isHeld }: Reader): Uint8Array => {
    if (isHeld || expected < HEAD_BYTES) return head
    // Where it lies it can be decoded without being moved; nothing comes between a read and the call that brings it.
    body ??= vectorPlace('encoded') ?? Buffer.allocUnsafeSlow(BODY_BYTES)
    return expected < body.length ? body.subarray(0, expected) : body
  }
  const isLent = ({ buffer }: Uint8Array): boolean => buffer === head.buffer || buffer === body?.buffer

  /** Whether to read on. */
  function deliver(socket: Socket, reader: Reader, bytes: Uint8Array): boolean {
    if (reader.expected === 0 || socket.readableLength > 0) return socket.push(Buffer.from(bytes))
    reader.lent = bytes
    if (!reader.isHeld) socket.emit('readable')
    if (reader.lent) hold(reader, reader.lent)
    return !reader.isHeld
  }

  /** Its parser is paused: there is nothing to do for these bytes, or for any others, before it goes on. */
  function hold(reader: Reader, bytes: Uint8Array): void {
    reader.lent = undefined
    if (bytes.length > 0) reader.left = Buffer.concat(reader.left ? [reader.left, bytes] : [bytes])
    reader.isHeld = true
  }

  const connect = buildConnector({
    ...options,
    allowH2: false,
    onread: {
      buffer() {
        const place = next
        next = head
        return place
      },
      callback(this: Socket, count: number, buffer: Uint8Array) {
        const reader = readers.get(this)
        const goesOn = reader
          ? deliver(this, reader, buffer.subarray(0, count))
          : this.push(Buffer.from(buffer.subarray(0, count)))
        next = reader ? placeFor(reader) : head
        return goesOn
      },
    },
  })

  /** In the way between the socket and its parser, which takes bytes with `read` and gives them back with `unshift`. */
  function lend(socket: Socket): void {
    const reader: Reader = { expected: 0, lent: undefined, left: undefined, isHeld: false }
    readers.set(socket, reader)
    const read = socket.read.bind(socket)
    const unshift = socket.unshift.bind(socket)
    socket.read = (size) => {
      if (size === 0) return read(0)
      current = reader
      const bytes = reader.left ?? reader.lent
      reader.left = undefined
      reader.lent = undefined
      if (bytes) return bytes
      if (reader.isHeld && !socket.destroyed) {
        reader.isHeld = false
        // The stream believes that it is reading all the time.
        socket._read(0)
      }
      return read(size)
    }
    socket.unshift = (chunk, encoding) => {
      if (reader.expected > 0 || isLent(chunk)) hold(reader, chunk)
      else unshift(chunk, encoding)
    }
  }

  return {
    connect: (target, callback) =>
      connect(target, (...result) => {
        const [, socket] = result
        if (socket) lend(socket)
        callback(...result)
      }),
    expect(bytes) {
      if (current) current.expected = bytes
    },
  }
}
