import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMemorySpool, readAll } from '../../test/providers/memory-spool.ts'
import type { JsonValue } from '../core/json.ts'
import type { Spool } from '../ports/blob-store.ts'
import { bodyIndexOf, createJsonScanner, type JsonScannerOptions, ScanError } from './json-scanner.ts'

const bytesOf = (length: number, seed = 7): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, at) => (at * seed + (at >> 8)) & 0xff))
type Limits = Omit<JsonScannerOptions, 'openBody'>

async function scan(chunks: readonly Uint8Array[], limits: Limits = {}, spool: Spool = createMemorySpool()) {
  const scanner = createJsonScanner({ openBody: () => spool.create({ maxBytes: 1 << 24 }), ...limits })
  for (const chunk of chunks) await scanner.write(chunk)
  return scanner.end()
}

/** Put the bodies back, as a plain parser would have seen them. */
async function restore(scanned: Awaited<ReturnType<typeof scan>>): Promise<unknown> {
  const texts = await Promise.all(
    scanned.bodies.map(async ({ body, declaredType }) => {
      const data = (await readAll(body)).toString('base64')
      return declaredType === undefined ? data : `data:${declaredType};base64,${data}`
    }),
  )
  const visit = (value: JsonValue | undefined): unknown => {
    const index = bodyIndexOf(value)
    if (index !== undefined) return texts[index]
    if (Array.isArray(value)) return value.map(visit)
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, visit(v as JsonValue)]))
    return value
  }
  return visit(scanned.value)
}

/** Cut a buffer at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const borders = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...borders].map((from, at) => Buffer.from(bytes.subarray(from, borders[at] ?? bytes.length)))
}

const image = fc.uint8Array({ minLength: 60, maxLength: 3000 }).map((bytes) => Buffer.from(bytes).toString('base64'))
const dataUrl = image.map((data) => `data:image/png;base64,${data}`)
const leaf = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.integer(), fc.boolean(), fc.constant(null), image, dataUrl)
const key = fc.string({ unit: 'binary', maxLength: 8 }).filter((name) => name !== '$body' && name !== '__proto__')
const document = fc.letrec((tie) => ({
  node: fc.oneof({ maxDepth: 5 }, leaf, fc.array(tie('node'), { maxLength: 4 }), fc.dictionary(key, tie('node'), { maxKeys: 4 })),
})).node as fc.Arbitrary<JsonValue>

/** Ways in which serialisers write the same JSON. */
const writers: ((value: JsonValue) => string)[] = [
  (value) => JSON.stringify(value),
  (value) => JSON.stringify(value, null, 2),
  (value) => JSON.stringify(value).replaceAll('/', '\\/'),
  (value) => JSON.stringify(value).replaceAll('+', '\\u002B'),
]

describe('the scanner reads what JSON.parse reads', () => {
  test('for any document, chunk borders, spool and spelling', async () => {
    await fc.assert(
      fc.asyncProperty(
        document,
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.constantFrom(...writers),
        fc.boolean(),
        async (value, places, write, slow) => {
          const spool = createMemorySpool({ slow })
          const scanned = await scan(cut(Buffer.from(write(value)), places), { minBodyChars: 64 }, spool)
          expect(await restore(scanned)).toEqual(JSON.parse(JSON.stringify(value)))
          for (const { body } of scanned.bodies) await body.dispose()
          expect(spool.open).toBe(0)
        },
      ),
      { numRuns: 400 },
    )
  })

  test('one byte at a time', async () => {
    const value = { data: [{ b64_json: bytesOf(5000).toString('base64') }, { b64_json: bytesOf(5001).toString('base64') }], n: 2 }
    const bytes = Buffer.from(JSON.stringify(value))
    const scanned = await scan([...bytes].map((byte) => Uint8Array.of(byte)))
    expect(scanned.bodies).toHaveLength(2)
    expect(await restore(scanned)).toEqual(value)
  })

  test('bodies without images keep every value and open no spool', async () => {
    const spool = createMemorySpool()
    const value = {
      error: { message: 'no "quota" \\ left\n', type: 'x', code: null },
      usage: { total: 1.5e3 },
      list: [[], {}, ''],
    }
    const scanned = await scan([Buffer.from(JSON.stringify(value))], {}, spool)
    expect(scanned).toEqual({ value, bodies: [] })
  })

  test.each([0, 1, 2, 3, 4, 5])('missing padding is made good for %i bytes past a group', async (extra) => {
    const raw = bytesOf(6000 + extra)
    const scanned = await scan([Buffer.from(`{"a":"${raw.toString('base64').replace(/=+$/, '')}"}`)])
    expect((await readAll(scanned.bodies[0]!.body)).equals(raw)).toBe(true)
  })

  test('line breaks inside base64 are skipped', async () => {
    const raw = bytesOf(6000)
    const lines = raw.toString('base64').replace(/(.{76})/g, '$1\\n')
    const scanned = await scan([Buffer.from(`{"a":"${lines}"}`)])
    expect((await readAll(scanned.bodies[0]!.body)).equals(raw)).toBe(true)
  })
})

describe('what is cut out', () => {
  const short = bytesOf(30).toString('base64')
  const long = bytesOf(9000).toString('base64')

  test.each([
    ['a long base64 string in value position', `{"a":"${long}"}`, 1],
    ['a long string as a whole document', `"${long}"`, 1],
    ['strings inside arrays', `["${long}",["${long}"]]`, 2],
    ['a data: URL however short', `{"a":"data:image/png;base64,${short}"}`, 1],
    ['a data: URL with an escaped slash', `{"a":"data:image\\/png;base64,${short}"}`, 1],
    ['a body key however short', `{"b64_json":"${short}"}`, 1],
    ['an empty body key', `{"b64_json":""}`, 1],
    ['not a null body key', `{"b64_json":null}`, 0],
    ['not a key, however long', `{"${long}":1}`, 0],
    ['not a short base64 string', `{"a":"${short}"}`, 0],
    ['not a text key', `{"prompt":"${'a'.repeat(9000)}"}`, 0],
    ['not long text', `{"a":"${'words and words '.repeat(900)}"}`, 0],
    ['each in the list of a member that holds images', `{"b64_json":["${short}","${short}"],"a":["${short}"]}`, 2],
    ['not a data: URL that is not base64', `{"a":"data:text/plain,hello"}`, 0],
    ['not an ordinary URL', `{"a":"https://example.com/data:"}`, 0],
  ])('%s', async (_, text, count) => {
    const limits = { bodyKeys: new Set(['b64_json']), textKeys: new Set(['prompt']) }
    const scanned = await scan([Buffer.from(text)], limits)
    expect(scanned.bodies).toHaveLength(count)
    expect(await restore(scanned)).toEqual(JSON.parse(text.replaceAll('\\/', '/')))
  })

  test('the declared type of a data: URL is kept', async () => {
    const scanned = await scan([Buffer.from(`{"a":"data:Image/WebP;base64,${short}"}`)])
    expect(scanned.bodies[0]!.declaredType).toBe('image/webp')
  })
})

describe('what is refused', () => {
  const long = bytesOf(9000).toString('base64')
  const deep = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

  test.each([
    ['garbage in the middle of an image', `{"a":"${long}!${long}"}`, 'malformed_base64'],
    ['data after padding', `{"a":"${long}QQ==QQ=="}`, 'malformed_base64'],
    ['data inside the padding', `{"a":"${long}QQ=Q"}`, 'malformed_base64'],
    ['padding in the wrong place', `{"a":"${long}Q==="}`, 'malformed_base64'],
    ['incomplete padding', `{"a":"${long}QQ="}`, 'malformed_base64'],
    ['an impossible length', `{"a":"${long}Q"}`, 'malformed_base64'],
    ['an escape outside the alphabet', `{"a":"${long}\\t"}`, 'malformed_base64'],
    ['an escaped character outside the alphabet', `{"a":"${long}\\u0100"}`, 'malformed_base64'],
    ['a broken escape', `{"a":"${long}\\u00g0"}`, 'invalid_json'],
    ['an image under a body key that is none', '{"b64_json":"<html>"}', 'malformed_base64'],
    ['text after the document', `{"a":"${long}"} x`, 'invalid_json'],
    ['a second document', '{}{}', 'invalid_json'],
    ['HTML', '<html></html>', 'invalid_json'],
    ['a closing bracket too many', '{}}', 'invalid_json'],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'invalid_json'],
    ['a forged reference', `{"a":{"$body":0}}`, 'invalid_json'],
    ['a forged reference beside a real one', `{"a":"${long}","b":{"\\u0024body":0}}`, 'invalid_json'],
    ['an empty body', '', 'truncated'],
    ['nesting past the limit', deep(65), 'too_deep'],
    ['too many images', `[${Array.from({ length: 5 }, () => `"${long}"`).join()}]`, 'too_many_bodies'],
    ['too much text', `{"a":"${'x y '.repeat(20_000)}"}`, 'too_large'],
  ])('%s', async (_, text, kind) => {
    const spool = createMemorySpool()
    const limits = { bodyKeys: new Set(['b64_json']), maxBodies: 4, maxSkeletonBytes: 65_536 }
    const error = await scan([Buffer.from(text)], limits, spool).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ScanError)
    expect((error as ScanError).kind).toBe(kind)
    expect(spool.open).toBe(0)
  })

  test('nesting at the limit is read', async () => {
    expect((await scan([Buffer.from(deep(64))])).bodies).toEqual([])
  })

  test('a body cut at any byte is an error and leaves nothing behind', async () => {
    const spool = createMemorySpool()
    const bytes = Buffer.from(
      `{"created":1,"data":[{"b64_json":"${bytesOf(120).toString('base64')}"}],"x":"data:image/png;base64,QUJD"}`,
    )
    for (let length = 0; length < bytes.length; length++) {
      const cutShort = bytes.subarray(0, length)
      await expect(scan([cutShort], { minBodyChars: 32 }, spool), `cut at ${length}`).rejects.toMatchObject({ kind: 'truncated' })
    }
    expect(spool.open).toBe(0)
  })

  test('any bytes at all give a value or a ScanError, never another exception', async () => {
    const fragment = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      ',',
      ':',
      'null',
      '12',
      'data:image/png;base64,',
      'QUJD'.repeat(20),
      '=',
      ' ',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fragment, fc.string())), fc.array(fc.nat(), { maxLength: 5 }), async (parts, places) => {
        const spool = createMemorySpool()
        const text = parts.join('')
        const result = await scan(cut(Buffer.from(text), places), { minBodyChars: 40 }, spool).catch((error: unknown) => error)
        if (result instanceof Error) expect(result).toBeInstanceOf(ScanError)
        else expect(await restore(result as Awaited<ReturnType<typeof scan>>)).toBeDefined()
        if (result instanceof Error) expect(spool.open).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  test('the spool limit of one image reaches the caller and frees the rest', async () => {
    const spool = createMemorySpool({ slow: true })
    const scanner = createJsonScanner({ openBody: () => spool.create({ maxBytes: 4000 }) })
    const write = async (): Promise<void> => scanner.write(Buffer.from(`{"a":"${long}"}`))
    await expect(write()).rejects.toMatchObject({ code: 'provider_response_too_large' })
    expect(spool.open).toBe(0)
  })
})

test('abort while an image is coming in frees it, and the scanner takes no more', async () => {
  const spool = createMemorySpool()
  const scanner = createJsonScanner({ openBody: () => spool.create({ maxBytes: 1 << 24 }) })
  await scanner.write(Buffer.from(`{"a":"${randomBytes(6000).toString('base64')}`))
  expect(spool.open).toBe(1)
  await scanner.abort()
  await scanner.abort()
  expect(spool.open).toBe(0)
  await expect(scanner.end()).rejects.toBeInstanceOf(ScanError)
})
