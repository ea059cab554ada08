/** Draws one SVG and ends. In a thread of its own, because drawing holds its thread for as long as it takes. */
import { parentPort, workerData } from 'node:worker_threads'
import { Resvg } from '@resvg/resvg-js'
import type { DrawOrder } from './draw.ts'

const { svg, fontDirs, background } = workerData as DrawOrder
const drawing = new Resvg(svg, {
  // The fonts of the machine would make the same drawing another one elsewhere.
  font: { loadSystemFonts: false, fontDirs: [...fontDirs] },
  ...(background === undefined ? {} : { background }),
  logLevel: 'off',
})
parentPort?.postMessage(drawing.render().asPng())
