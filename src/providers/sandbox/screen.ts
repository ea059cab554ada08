/**
 * The printers' screen. Each colour channel has its own dot grid at its own angle; where grid and tone together pass one half,
 * the channel is ink, else paper. The grid is a small tile that repeats without a seam, so the image library does the work.
 */

/** Turns of the three grids, as steps along the tile's edges: about 14, 76 and 45 degrees, so that dots make rosettes. */
const ANGLES = [
  [4, 1],
  [1, 4],
  [3, 3],
] as const

/** How far the grid moves a tone, of 127: light and dark places keep some grain, as on paper. */
const DEPTH = 60

export interface Screen {
  /** Edge of the square tile in pixels; a dot is about a quarter of it. */
  readonly period: number
  /** RGBA, half transparent: laid over a picture it averages with it. */
  readonly tile: Buffer
  /** Then each channel is `slope * value + offset`. */
  readonly slope: number
  readonly offset: number
}

/** `contrast` 1 leaves the tone as it is, 4 prints hard dots. */
export function createScreen(period: number, contrast: number): Screen {
  const tile = Buffer.alloc(period * period * 4)
  const turn = (2 * Math.PI) / period
  for (let y = 0; y < period; y++) {
    for (let x = 0; x < period; x++) {
      const at = (y * period + x) * 4
      for (const [channel, [across, down]] of ANGLES.entries()) {
        const spot = (Math.cos(turn * (across * x + down * y)) + Math.cos(turn * (across * y - down * x))) / 2
        tile[at + channel] = Math.round(127.5 + DEPTH * spot)
      }
      tile[at + 3] = 128
    }
  }
  return { period, tile, slope: 2 * contrast, offset: 127.5 - 255 * contrast }
}
