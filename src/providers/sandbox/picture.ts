/** From a drawing's plain description to the bytes of an image, by the image library's own threads. */
import { HalftoneError } from '../../core/error.ts'
import type { Size } from '../../core/request.ts'
import { drawMark } from './mark.ts'
import { choosePalette, hex } from './palette.ts'
import { createRandom } from './random.ts'
import { type SceneName, scenes } from './scenes/index.ts'
import { createScreen } from './screen.ts'
import { createCanvas } from './svg.ts'

export type PictureFormat = 'png' | 'jpeg' | 'webp'

/** Everything a picture depends on: equal drawings are equal pictures. Plain JSON, so that a job can carry it. */
export interface Drawing {
  /** Short model name, for the mark. */
  readonly model: string
  readonly scene: SceneName
  /** Colour and mood words of the prompt; the rest of it is only in the seed. */
  readonly words: readonly string[]
  readonly seed: number
  readonly size: Size
  readonly format: PictureFormat
  /** 0..100 for jpeg and webp. */
  readonly compression?: number
  readonly transparent: boolean
  /** What is done with the input instead of printing it anew. */
  readonly task?: 'enlarge' | 'cut_out'
  /** 0 coarse to 1 fine. */
  readonly detail: number
  /** Below 1 it is an unfinished state, as shown while streaming. */
  readonly progress: number
}

export interface Picture {
  readonly data: Buffer
  readonly size: Size
  readonly format: PictureFormat
}

/** Input images of an edit, whole in memory: the image library decodes from bytes. */
export interface EditInputs {
  readonly base: Uint8Array
  readonly references: readonly Uint8Array[]
  /** Alpha 0 = edit here. */
  readonly mask?: Uint8Array
}

/** Inputs with more pixels are refused before they are decoded. */
const MAX_INPUT_PIXELS = 64_000_000

/** How hard dots are printed: 1 keeps the tones, 4 leaves only full inks. */
const CONTRAST = 1.4

type SharpModule = typeof import('sharp')['default']
type SharpImage = import('sharp').Sharp

async function loadSharp(): Promise<SharpModule> {
  try {
    const { default: sharp } = await import('sharp')
    // No picture is drawn twice.
    sharp.cache(false)
    return sharp
  } catch (cause) {
    throw new HalftoneError('internal_error', 'The image library "sharp" could not be loaded; run npm install.', { cause })
  }
}

/** Draws two pictures at a time: the image library's threads are also those of the file system. */
const CONCURRENT_DRAWINGS = 2

export type Draftsman = (drawing: Drawing, inputs: EditInputs | undefined, signal: AbortSignal) => Promise<Picture>

/** Make something that draws, a few pictures at a time and in order. */
export function createDraftsman(): Draftsman {
  let running = 0
  const waiting: (() => void)[] = []
  return async (drawing, inputs, signal) => {
    if (running >= CONCURRENT_DRAWINGS) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      signal.throwIfAborted()
      return await drawPicture(drawing, inputs)
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}

/** Draw, or edit `inputs`, and encode. Throws `invalid_image` when an input does not decode. */
export async function drawPicture(drawing: Drawing, inputs?: EditInputs): Promise<Picture> {
  const sharp = await loadSharp()
  const { size } = drawing
  const pixels = inputs
    ? await printedInput(sharp, drawing, inputs).catch(asInvalidImage)
    : await rawPixels(screened(sharp(svgDocument(size, drawScene(drawing).all)), drawing))
  const { width, height, channels } = pixels.info
  const mark = drawMark(drawing.model, size.width, size.height)
  const label = { input: svgDocument(mark, mark.svg), left: mark.left, top: mark.top }
  const labelled = sharp(pixels.data, { raw: { width, height, channels } }).composite([label])
  const { data, info } = await encode(labelled, drawing).toBuffer({ resolveWithObject: true })
  return { data, size: { width: info.width, height: info.height }, format: drawing.format }
}

function asInvalidImage(cause: unknown): never {
  throw new HalftoneError('invalid_image', 'An input image could not be decoded.', { param: 'image', cause })
}

function drawScene({ scene, words, seed, size, detail, transparent }: Drawing): { all: string; subject: string } {
  const random = createRandom(seed)
  const palette = choosePalette(words, random)
  const { canvas, definitions } = createCanvas({ ...size, palette, random, detail })
  const { backdrop, subject } = scenes[scene](canvas)
  const defs = definitions()
  return { all: defs + (transparent ? '' : backdrop) + subject, subject: defs + subject }
}

function mainInk({ words, seed }: Drawing): string {
  return hex(choosePalette(words, createRandom(seed)).main)
}

const svgDocument = ({ width, height }: Size, body: string): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${body}</svg>`,
  )

/** Lay the screen over a picture; nothing is drawn where it is transparent. */
function screened(picture: SharpImage, { size, detail, progress, transparent }: Drawing): SharpImage {
  const edge = Math.min(size.width, size.height)
  const unfinished = progress < 1 ? 4 - 3 * progress : 1
  const finest = Math.max(12, ((28 - 12 * detail) * Math.max(edge, 512)) / 1024)
  const { tile, period, slope, offset } = createScreen(Math.round(Math.min(edge, finest * unfinished)), CONTRAST)
  const overlay = {
    input: tile,
    raw: { width: period, height: period, channels: 4 as const },
    tile: true,
    blend: 'atop' as const,
  }
  const printed = picture.composite([overlay])
  return transparent
    ? printed.linear([slope, slope, slope, 1], [offset, offset, offset, 0])
    : printed.removeAlpha().linear(slope, offset)
}

function encode(picture: SharpImage, { format, compression }: Drawing): import('sharp').Sharp {
  if (format === 'jpeg') return picture.flatten({ background: '#fff' }).jpeg({ quality: Math.max(1, compression ?? 90) })
  if (format === 'webp') return picture.webp({ quality: Math.max(1, compression ?? 90), effort: 2 })
  return picture.png({ compressionLevel: 3, adaptiveFiltering: false })
}

type Pixels = Awaited<ReturnType<typeof rawPixels>>

const rawPixels = (picture: SharpImage) => picture.raw().toBuffer({ resolveWithObject: true })

async function printedInput(sharp: SharpModule, drawing: Drawing, inputs: EditInputs): Promise<Pixels> {
  if (drawing.task === undefined) return editPixels(sharp, drawing, inputs, svgDocument(drawing.size, drawScene(drawing).subject))
  const { width, height } = drawing.size
  const input = sharp(inputs.base, { limitInputPixels: MAX_INPUT_PIXELS, failOn: 'error' }).rotate()
  const pixels = await rawPixels(input.resize(width, height, { fit: 'fill', kernel: 'lanczos3' }).ensureAlpha())
  if (drawing.task === 'cut_out') cutOut(pixels.data, width, height)
  return pixels
}

/** How far a colour may be from a corner's to count as background, of 255 in each channel. */
const BACKGROUND_TOLERANCE = 24

/**
 * Make transparent what has the colour of one of the corners. Not of their mean: between a sky and the ground below it lies
 * a colour that nothing in the picture has.
 */
function cutOut(rgba: Buffer, width: number, height: number): void {
  const corners = [0, width - 1, width * (height - 1), width * height - 1].map((pixel) => [
    ...rgba.subarray(pixel * 4, pixel * 4 + 3),
  ])
  for (let at = 0; at < rgba.length; at += 4) {
    const isLike = (value: number, channel: number): boolean =>
      Math.abs((rgba[at + channel] ?? 0) - value) <= BACKGROUND_TOLERANCE
    if (corners.some((corner) => corner.every(isLike))) rgba[at + 3] = 0
  }
}

/**
 * Print the input in the prompt's inks with the scene's subject over it, and put that where the mask allows. Outside the mask
 * the input's pixels stay as they are; further inputs are pasted along the top.
 */
async function editPixels(sharp: SharpModule, drawing: Drawing, inputs: EditInputs, subject: Buffer): Promise<Pixels> {
  const { width, height } = drawing.size
  const whole = { raw: { width, height, channels: 4 as const } }
  const decode = (bytes: Uint8Array) => sharp(bytes, { limitInputPixels: MAX_INPUT_PIXELS, failOn: 'error' }).rotate()
  const base = await decode(inputs.base).resize(width, height, { fit: 'cover' }).ensureAlpha().raw().toBuffer()
  const pasted = await pasteReferences(decode, inputs.references, drawing.size)
  const faded = await sharp(subject).ensureAlpha().linear([1, 1, 1, 0.42], [0, 0, 0, 0]).png({ compressionLevel: 0 }).toBuffer()
  const inked = await sharp(base, whole)
    .tint(mainInk(drawing))
    .composite([{ input: faded }, ...pasted])
    .raw()
    .toBuffer()
  const edited = screened(sharp(inked, whole), { ...drawing, transparent: true })
  if (!inputs.mask) return rawPixels(edited)
  const mask = await decode(inputs.mask).resize(width, height, { fit: 'cover' }).ensureAlpha().extractChannel(3).raw().toBuffer()
  const printed = await edited.raw().toBuffer()
  for (let pixel = 0; pixel < mask.length; pixel++) printed[pixel * 4 + 3] = 255 - (mask[pixel] ?? 255)
  return rawPixels(sharp(base, whole).composite([{ input: printed, ...whole }]))
}

async function pasteReferences(
  decode: (bytes: Uint8Array) => SharpImage,
  references: readonly Uint8Array[],
  { width, height }: Size,
) {
  const edge = Math.max(8, Math.round(Math.min(width, height) * 0.2))
  const gap = Math.round(edge * 0.12)
  const fitting = references.slice(0, Math.floor((width - gap) / (edge + gap)))
  return Promise.all(
    fitting.map(async (bytes, index) => ({
      input: await decode(bytes).resize(edge, edge, { fit: 'cover' }).png({ compressionLevel: 1 }).toBuffer(),
      left: width - (edge + gap) * (index + 1),
      top: gap,
    })),
  )
}
