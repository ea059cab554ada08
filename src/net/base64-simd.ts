/**
 * Base64 sixteen characters at a time, in WebAssembly: the one way from bytes to bytes without a string that is as fast as
 * the runtime's own (docs/decisions/2026-11-22-base64-without-strings.md has the figures). The module is a few hundred bytes, written out
 * below instruction by instruction. The method is that of W. Muła and D. Lemire, "Faster Base64 Encoding and Decoding using
 * AVX2 Instructions" (2018), section 3, for 128-bit vectors.
 */

/** Where bytes go in and come out; a window is 48 KiB of base64 or 36 KiB of data. */
const INPUT_AT = 0
const OUTPUT_AT = 65_536
const WINDOW_CHARS = 49_152
const FIRST_WINDOW_CHARS = 1024
const WINDOW_BYTES = 36_864
/** Behind the windows, for whoever wants to spare the way in or out; stores reach a few bytes past their last useful one. */
const PLACES = { encoded: { at: 131_072, bytes: 131_072 }, decoded: { at: 262_144, bytes: 100_000 } } as const
const PAGES = 6

interface Kernel {
  readonly memory: Uint8Array
  /** Decode `[from, to)` to `out`; returns where it stopped: fewer than 16 characters left, or one outside the alphabet among the next 16. */
  readonly decode: (from: number, to: number, out: number) => number
  /** Encode `[from, to)` to `out`; returns where it stopped: fewer than 12 bytes left. */
  readonly encode: (from: number, to: number, out: number) => number
}

let kernel: Kernel | undefined | 'none'

/** The compiled module, made on first use; undefined where the machine has no vector instructions. */
function openKernel(): Kernel | undefined {
  if (kernel === undefined) kernel = compile() ?? 'none'
  return kernel === 'none' ? undefined : kernel
}

/** The part of the global that is used; the runtime's types name it without describing it. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (module: object) => { readonly exports: object }
}

function compile(): Kernel | undefined {
  try {
    const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly
    const { exports } = new Instance(new Module(moduleBytes()))
    // What the module below exports.
    const { memory, decode, encode } = exports as Omit<Kernel, 'memory'> & { readonly memory: { readonly buffer: ArrayBuffer } }
    return { memory: new Uint8Array(memory.buffer), decode, encode }
  } catch {
    return undefined
  }
}

/**
 * Memory that is decoded from, or to, without a copy. There is one of each for the whole process: what is in it must be used before
 * anybody else can run. Undefined without a kernel.
 */
export function vectorPlace(kind: keyof typeof PLACES): Uint8Array | undefined {
  const { at, bytes } = PLACES[kind]
  return openKernel()?.memory.subarray(at, at + bytes)
}

/** Decode whole groups while they are plain base64. Returns the characters consumed, a multiple of 16; 0 without a kernel. */
export function decodeVectors(source: Uint8Array, from: number, to: number, target: Uint8Array): number {
  const open = openKernel()
  if (!open) return 0
  const isInPlace = source.buffer === open.memory.buffer
  const staysInPlace = target.buffer === open.memory.buffer
  let at = from
  // Small at first: where serialisers escape slashes, a run of plain base64 is some sixty characters long.
  let limit = isInPlace && staysInPlace ? Infinity : FIRST_WINDOW_CHARS
  while (to - at >= 16) {
    const window = Math.min(to - at, limit)
    limit = Math.min(limit * 8, WINDOW_CHARS)
    const done = ((at - from) / 4) * 3
    const input = isInPlace ? source.byteOffset + at : INPUT_AT
    const output = staysInPlace ? target.byteOffset + done : OUTPUT_AT
    if (!isInPlace) open.memory.set(source.subarray(at, at + window), INPUT_AT)
    const taken = open.decode(input, input + window, output) - input
    if (!staysInPlace) target.set(open.memory.subarray(OUTPUT_AT, OUTPUT_AT + (taken / 4) * 3), done)
    at += taken
    if (taken < window - 15) break
  }
  return at - from
}

/** Encode as many groups of twelve bytes as there are. Returns the bytes consumed; 0 without a kernel. */
export function encodeVectors(source: Uint8Array, to: number, target: Uint8Array): number {
  const open = openKernel()
  if (!open) return 0
  let at = 0
  while (to - at >= 12) {
    const window = Math.min(to - at, WINDOW_BYTES)
    open.memory.set(source.subarray(at, at + window), INPUT_AT)
    const taken = open.encode(INPUT_AT, INPUT_AT + window, OUTPUT_AT) - INPUT_AT
    target.set(open.memory.subarray(OUTPUT_AT, OUTPUT_AT + (taken / 3) * 4), (at / 3) * 4)
    at += taken
  }
  return at
}

// --- the module ------------------------------------------------------------------------------------------------------

type Code = readonly number[]

const unsigned = (value: number): Code => (value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)])
const signed = (value: number): Code =>
  value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)]
const sized = (...parts: readonly Code[]): Code => [...unsigned(parts.flat().length), ...parts.flat()]
const list = (...items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()]
const text = (value: string): Code => sized([...Buffer.from(value)])

const I32 = 0x7f
const V128 = 0x7b
const get = (local: number): Code => [0x20, local]
const set = (local: number): Code => [0x21, local]
const int = (value: number): Code => [0x41, ...signed(value)]
const add: Code = [0x6a]
const isAbove: Code = [0x4b]
const simd = (opcode: number, ...rest: Code): Code => [0xfd, ...unsigned(opcode), ...rest]
const load = simd(0x00, 0, 0)
const store = simd(0x0b, 0, 0)
const bytes = (...values: readonly number[]): Code => simd(0x0c, ...values.map((value) => value & 0xff))
const lanes32 = (value: number): Code => bytes(...Array.from({ length: 16 }, (_, at) => value >>> (8 * (at % 4))))
const lanes8 = (value: number): Code => bytes(...Array.from({ length: 16 }, () => value))
/** Every index below is under 16, where the relaxed form is defined and saves the check. */
const swizzle = simd(0x100)
const equal8 = simd(0x23)
const above8 = simd(0x27)
const and = simd(0x4e)
const or = simd(0x50)
const anyTrue = simd(0x53)
const shiftRight8 = simd(0x6d)
const add8 = simd(0x6e)
const subtractSaturated8 = simd(0x73)
const shiftLeft16 = simd(0x8b)
const shiftRight16 = simd(0x8d)
const shiftLeft32 = simd(0xab)
const shiftRight32 = simd(0xad)
const dot16 = simd(0xba)

/** Parameters of both functions, then their vectors. */
const FROM = 0
const TO = 1
const OUT = 2
const CHARS = 3
const HIGH = 4
const FIRST_CONSTANT = 5

/** Vectors that stay in registers over the whole loop: made inside it they would be half of its cost. */
function constants(...values: readonly Code[]): {
  readonly prepare: Code
  readonly count: number
  readonly at: (index: number) => Code
} {
  const prepare = values.flatMap((value, index) => [...value, ...set(FIRST_CONSTANT + index)])
  return { prepare, count: values.length, at: (index) => get(FIRST_CONSTANT + index) }
}

interface Body {
  readonly vectors: number
  readonly code: Code
}

/** Repeat while 16 input bytes are left, `step` at a time, then answer with `from`. */
function eachStep(step: number, stepOut: number, { prepare, count }: ReturnType<typeof constants>, body: readonly Code[]): Body {
  const code = [
    ...prepare,
    ...[0x02, 0x40, 0x03, 0x40], // block, loop
    ...[...get(FROM), ...int(step), ...add, ...get(TO), ...isAbove, 0x0d, 1], // leave when fewer are left
    ...body.flat(),
    ...[...get(FROM), ...int(step), ...add, ...set(FROM)],
    ...[...get(OUT), ...int(stepOut), ...add, ...set(OUT)],
    ...[0x0c, 0, 0x0b, 0x0b], // again; end of loop and block
    ...get(FROM),
    0x0b,
  ]
  return { vectors: FIRST_CONSTANT - CHARS + count, code }
}

function decodeBody(): Body {
  const held = constants(
    // Two tables by high and low half of a character have a bit in common exactly when it is outside the alphabet.
    bytes(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10),
    bytes(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a),
    // What to add to a character of each high half; '/' shares one with '+' and takes the entry before.
    bytes(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0),
    lanes8(0x0f),
    lanes8(0x2f),
    lanes32(0x00ff00ff),
    lanes32(0x00011000),
    bytes(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 0, 0, 0, 0),
  )
  const [tableHigh, tableLow, tableAdd, halfMask, slash, evenMask, factors, order] = Array.from({ length: held.count }, (_, at) =>
    held.at(at),
  ) as [Code, Code, Code, Code, Code, Code, Code, Code]
  return eachStep(16, 12, held, [
    [...get(FROM), ...load, ...set(CHARS)],
    [...get(CHARS), ...int(4), ...shiftRight8, ...set(HIGH)],
    [...tableHigh, ...get(HIGH), ...swizzle, ...tableLow, ...get(CHARS), ...halfMask, ...and, ...swizzle],
    [...and, ...anyTrue, 0x0d, 1],
    [...get(OUT), ...get(CHARS), ...tableAdd],
    [...get(CHARS), ...slash, ...equal8, ...get(HIGH), ...add8, ...swizzle, ...add8, ...set(CHARS)],
    // Pairs of six bits to twelve, pairs of twelve to twenty-four, and those three bytes in order.
    [...get(CHARS), ...evenMask, ...and, ...int(6), ...shiftLeft16, ...get(CHARS), ...int(8), ...shiftRight16, ...or],
    [...factors, ...dot16, ...order, ...swizzle, ...store],
  ])
}

function encodeBody(): Body {
  const held = constants(
    // Each lane gets the bytes 1, 0, 2, 1 of a group, so that all four values lie in one shift's reach.
    bytes(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10),
    lanes32(0x3f),
    lanes32(0x3f00),
    lanes32(0x3f0000),
    lanes32(0x3f000000),
    // The range of a value (upper case 13, lower case 0, digits 1 to 10, '+' 11, '/' 12) selects what to add to it.
    bytes(71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 65, 0, 0),
    lanes8(51),
    lanes8(26),
    lanes8(13),
  )
  const [spread, first, second, third, fourth, tableAdd, lowerEnd, upperEnd, upper] = Array.from(
    { length: held.count },
    (_, at) => held.at(at),
  ) as [Code, Code, Code, Code, Code, Code, Code, Code, Code]
  const sixBits = (shift: Code, by: number, mask: Code): Code => [...get(CHARS), ...int(by), ...shift, ...mask, ...and]
  return eachStep(12, 16, held, [
    [...get(FROM), ...load, ...spread, ...swizzle, ...set(CHARS)],
    [...sixBits(shiftRight32, 10, first), ...sixBits(shiftLeft32, 4, second), ...or],
    [...sixBits(shiftRight32, 6, third), ...or, ...sixBits(shiftLeft32, 8, fourth), ...or, ...set(CHARS)],
    [...get(OUT), ...tableAdd, ...get(CHARS), ...lowerEnd, ...subtractSaturated8],
    [...upperEnd, ...get(CHARS), ...above8, ...upper, ...and, ...or, ...swizzle, ...get(CHARS), ...add8, ...store],
  ])
}

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const section = (id: number, ...items: readonly Code[]): Code => [id, ...sized(list(...items))]
  const entry = ({ vectors, code }: Body): Code => sized(list([vectors, V128]), code)
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [0x60, ...list([I32], [I32], [I32]), ...list([I32])]),
    ...section(3, [0], [0]),
    ...section(5, [0, PAGES]),
    ...section(7, [...text('memory'), 2, 0], [...text('decode'), 0, 0], [...text('encode'), 0, 1]),
    ...section(10, entry(decodeBody()), entry(encodeBody())),
  ])
}
