/** What FLUX models make of an `aspect_ratio`, at whatever host. Nominal: what comes back is measured and a difference is said. */
import type { RatioSizes } from './ratios.ts'

/** FLUX.1 Kontext: about one megapixel. */
export const kontextSizes: RatioSizes = {
  '21:9': { width: 1568, height: 672 },
  '16:9': { width: 1392, height: 752 },
  '3:2': { width: 1248, height: 832 },
  '4:3': { width: 1184, height: 880 },
  '1:1': { width: 1024, height: 1024 },
  '3:4': { width: 880, height: 1184 },
  '2:3': { width: 832, height: 1248 },
  '9:16': { width: 752, height: 1392 },
  '9:21': { width: 672, height: 1568 },
}

/** FLUX 1.1 [pro] ultra: about four megapixels. */
export const ultraSizes: RatioSizes = {
  '21:9': { width: 3136, height: 1344 },
  '16:9': { width: 2752, height: 1536 },
  '3:2': { width: 2496, height: 1664 },
  '4:3': { width: 2368, height: 1792 },
  '1:1': { width: 2048, height: 2048 },
  '3:4': { width: 1792, height: 2368 },
  '2:3': { width: 1664, height: 2496 },
  '9:16': { width: 1536, height: 2752 },
  '9:21': { width: 1344, height: 3136 },
}
