/**
 * Reads JSON as bytes and tells of every short string in it, with the names above it: what a body asks for is known without a copy of what it
 * carries. A name that stands twice is told of twice, since nobody knows which of the two its reader takes.
 */
import { ScanError } from './scan-error.ts'

export interface JsonStringsOptions {
  /** Longer strings, in bytes as they are written, are passed over. */
  readonly maxBytes: number
  readonly maxDepth: number
  /** `path`: the names from the outermost on; lists have none. Called while `write` runs. */
  found(path: readonly string[], value: string): void
}

export interface JsonStrings {
  /** Throws `ScanError`, as `end` does. */
  write(chunk: Uint8Array): void
  end(): void
}

interface Level {
  readonly isObject: boolean
  name: string
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** Space, tab, line ends, and all that numbers, `true`, `false` and `null` are made of. */
const PLAIN = new Set([...' \t\r\n0123456789+-.eEtrufalsn'].map((character) => character.charCodeAt(0)))

export function createJsonStrings(options: JsonStringsOptions): JsonStrings {
  const levels: Level[] = []
  const text = Buffer.alloc(options.maxBytes)
  let length = 0
  let isInString = false
  let isEscaped = false
  let isName = false

  function structure(byte: number): void {
    if (PLAIN.has(byte)) return
    const top = levels.at(-1)
    switch (String.fromCharCode(byte)) {
      case '"':
        isInString = true
        length = 0
        return
      case '{':
      case '[':
        if (levels.length >= options.maxDepth) throw new ScanError('too_deep', 'it is nested too deep')
        isName = byte === 0x7b
        levels.push({ isObject: isName, name: '' })
        return
      case '}':
      case ']':
        if (levels.pop()?.isObject !== (byte === 0x7d)) break
        isName = false
        return
      case ',':
        isName = top?.isObject === true
        return
      case ':':
        if (!top?.isObject) break
        isName = false
        return
    }
    throw new ScanError('invalid_json', 'a character that belongs nowhere')
  }

  function inString(byte: number): void {
    if (!isEscaped && byte === QUOTE) {
      isInString = false
      endOfString()
      return
    }
    isEscaped = !isEscaped && byte === BACKSLASH
    if (length < text.length) text[length] = byte
    length += 1
  }

  function endOfString(): void {
    const top = levels.at(-1)
    const value = length > text.length ? undefined : decoded(text.toString('utf8', 0, length))
    if (isName && top) top.name = value ?? ''
    else if (value !== undefined)
      options.found(
        levels.filter(({ isObject }) => isObject).map(({ name }) => name),
        value,
      )
  }

  return {
    write(chunk) {
      for (const byte of chunk) {
        if (isInString) inString(byte)
        else structure(byte)
      }
    },
    end() {
      if (isInString || levels.length > 0) throw new ScanError('truncated', 'it ends too early')
    },
  }
}

function decoded(written: string): string {
  if (!written.includes('\\')) return written
  try {
    return String(JSON.parse(`"${written}"`))
  } catch (cause) {
    throw new ScanError('invalid_json', 'an escape that is none', cause)
  }
}
