/** Safe SVG into pixels: one thread for each drawing, a few at a time, none for longer than the limit. */
import { Worker } from 'node:worker_threads'
import { HalftoneError } from '../../core/error.ts'
import type { DrawSvg, SvgDrawing } from '../../ports/draw-svg.ts'
import { asInvalidImage, openImage } from '../sharp.ts'
import { spoolBytes } from '../thumbnail.ts'
import { sanitizeSvg } from './sanitize.ts'
import { invalidSvg } from './tree.ts'

/** What a thread is told to draw. */
export interface DrawOrder {
  readonly svg: string
  readonly fontDirs: readonly string[]
  readonly background?: string
}

export interface SvgDrawerOptions {
  /** Drawings at the same time; 2 by default. */
  readonly concurrency?: number
  /** Of one drawing; 10,000 by default. */
  readonly timeoutMs?: number
  /** Larger ones are refused; 16,777,216 by default. */
  readonly maxPixels?: number
}

/** Nothing runs before the first drawing, and nothing is left after it, so there is nothing to close. */
export function createSvgDrawer({
  concurrency = 2,
  timeoutMs = 10_000,
  maxPixels = 4096 * 4096,
}: SvgDrawerOptions = {}): DrawSvg {
  const slots = createSlots(concurrency)
  return async (drawing, { spool, signal }) => {
    const { size, format, background, fontDirs = [] } = drawing
    if (size.width * size.height > maxPixels) throw invalidSvg(`A drawing has at most ${maxPixels} pixels.`)
    const svg = sanitizeSvg(drawing.svg, size)
    if (format === 'svg') return spoolBytes(spool, Buffer.from(svg))
    const opaque = background === 'opaque' || format === 'jpeg'
    await slots.take(signal)
    try {
      const png = await drawInThread({ svg, fontDirs, ...(opaque ? { background: '#ffffff' } : {}) }, timeoutMs, signal)
      return await spoolBytes(spool, await encoded(png, format, maxPixels))
    } finally {
      slots.give()
    }
  }
}

async function encoded(png: Uint8Array, format: SvgDrawing['format'], maxPixels: number): Promise<Uint8Array> {
  if (format === 'png') return png
  if (format !== 'jpeg' && format !== 'webp') throw invalidSvg(`A drawing cannot be saved as ${format}.`)
  const { image } = await openImage(png, maxPixels)
  return await (format === 'jpeg' ? image.jpeg({ quality: 90 }) : image.webp({ quality: 90 })).toBuffer().catch(asInvalidImage)
}

const gone = (): HalftoneError => new HalftoneError('cancelled', 'The drawing was cancelled.')

function throwIfGone(signal: AbortSignal): void {
  if (signal.aborted) throw gone()
}

async function drawInThread(order: DrawOrder, timeoutMs: number, signal: AbortSignal): Promise<Uint8Array> {
  throwIfGone(signal)
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const worker = new Worker(new URL(`./worker.${extension}`, import.meta.url), {
    workerData: order,
    name: 'halftone-svg',
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  })
  let stop = (): void => undefined
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      const timer = setTimeout(() => reject(invalidSvg('The SVG took too long to draw.')), timeoutMs)
      const abort = (): void => reject(gone())
      signal.addEventListener('abort', abort)
      stop = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
      }
      worker.once('message', resolve)
      worker.once('error', (cause) => reject(invalidSvg('The SVG could not be drawn.', cause)))
      worker.once('exit', () => reject(invalidSvg('The SVG could not be drawn.')))
    })
  } finally {
    stop()
    // A thread that still draws ends when it is done; nobody waits for it.
    void worker.terminate()
  }
}

interface Slots {
  take(signal: AbortSignal): Promise<void>
  give(): void
}

function createSlots(count: number): Slots {
  let free = count
  const waiting: (() => void)[] = []
  return {
    async take(signal) {
      throwIfGone(signal)
      if (free > 0) {
        free--
        return
      }
      await new Promise<void>((resolve, reject) => {
        const go = (): void => {
          signal.removeEventListener('abort', leave)
          resolve()
        }
        const leave = (): void => {
          waiting.splice(waiting.indexOf(go), 1)
          reject(gone())
        }
        signal.addEventListener('abort', leave, { once: true })
        waiting.push(go)
      })
    },
    give() {
      const next = waiting.shift()
      if (next) next()
      else free++
    },
  }
}
