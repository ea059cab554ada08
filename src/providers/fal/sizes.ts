/** Sizes behind the words of models that are told a shape. Nominal: what comes back is measured and a difference is said. */
import type { SizeRule } from '../../core/capability.ts'
import type { RatioSizes } from '../kit/ratios.ts'

const grid = (multipleOf: number, minEdge: number, maxEdge: number, maxAspect = 4): SizeRule => ({
  kind: 'area',
  multipleOf,
  minEdge,
  maxEdge,
  minPixels: minEdge * minEdge,
  maxPixels: maxEdge * maxEdge,
  maxAspect,
})

/** What every diffusion model here makes exactly: other sizes are rounded to its own grid. */
export const diffusionGrid = grid(32, 512, 1536)
export const flux2Grid = grid(16, 512, 2048)
export const flux11Grid = grid(32, 256, 1440)
export const seedream4Grid = grid(16, 1024, 4096)
export const seedream3Grid = grid(16, 512, 2048)

export const nanoBananaSizes: RatioSizes = {
  '21:9': { width: 1536, height: 672 },
  '16:9': { width: 1344, height: 768 },
  '3:2': { width: 1248, height: 832 },
  '4:3': { width: 1184, height: 864 },
  '5:4': { width: 1152, height: 896 },
  '1:1': { width: 1024, height: 1024 },
  '4:5': { width: 896, height: 1152 },
  '3:4': { width: 864, height: 1184 },
  '2:3': { width: 832, height: 1248 },
  '9:16': { width: 768, height: 1344 },
}

/** At `resolution: 1K`. */
export const nanoBananaProSizes: RatioSizes = {
  '21:9': { width: 1584, height: 672 },
  '16:9': { width: 1376, height: 768 },
  '3:2': { width: 1264, height: 848 },
  '4:3': { width: 1200, height: 896 },
  '5:4': { width: 1152, height: 928 },
  '1:1': { width: 1024, height: 1024 },
  '4:5': { width: 928, height: 1152 },
  '3:4': { width: 896, height: 1200 },
  '2:3': { width: 848, height: 1264 },
  '9:16': { width: 768, height: 1376 },
}

/** fal's names of shapes, at the pixels Ideogram makes of them. */
export const ideogram3Sizes: RatioSizes = {
  square_hd: { width: 1024, height: 1024 },
  landscape_16_9: { width: 1312, height: 736 },
  landscape_4_3: { width: 1152, height: 864 },
  portrait_4_3: { width: 864, height: 1152 },
  portrait_16_9: { width: 736, height: 1312 },
}

export const ideogram2Sizes: RatioSizes = {
  '1:1': { width: 1024, height: 1024 },
  '16:9': { width: 1312, height: 736 },
  '16:10': { width: 1280, height: 800 },
  '4:3': { width: 1152, height: 864 },
  '3:4': { width: 864, height: 1152 },
  '10:16': { width: 800, height: 1280 },
  '9:16': { width: 736, height: 1312 },
}

export const recraft3Sizes: RatioSizes = {
  square_hd: { width: 1024, height: 1024 },
  landscape_16_9: { width: 1820, height: 1024 },
  landscape_4_3: { width: 1365, height: 1024 },
  portrait_4_3: { width: 1024, height: 1365 },
  portrait_16_9: { width: 1024, height: 1820 },
}

export const recraft4ProSizes: RatioSizes = { square_hd: { width: 2048, height: 2048 } }

export const gptSizes: RatioSizes = { '1024x1024': { width: 1024, height: 1024 } }
