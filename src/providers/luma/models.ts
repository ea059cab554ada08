/**
 * Luma's two APIs. Sources: docs.agents.lumalabs.ai (API reference, image editing, error handling and FAQ, copies of 2026) for
 * uni-1; lumaai 1.19.1 (npm) for Photon. Both are told a shape; the pixels are nominal: 2048 for uni-1 as its price list says,
 * Photon's 1080p. What comes back is measured and a difference is said.
 */
import type { Capabilities } from '../../core/capability.ts'
import type { KnownModel } from '../kit/offers.ts'
import { type RatioSizes, ratioSizes } from '../kit/ratios.ts'

export const uniSizes: RatioSizes = {
  '3:1': { width: 3552, height: 1184 },
  '2:1': { width: 2896, height: 1448 },
  '16:9': { width: 2720, height: 1536 },
  '3:2': { width: 2496, height: 1664 },
  '1:1': { width: 2048, height: 2048 },
  '2:3': { width: 1664, height: 2496 },
  '9:16': { width: 1536, height: 2720 },
  '1:2': { width: 1448, height: 2896 },
  '1:3': { width: 1184, height: 3552 },
}

export const photonSizes: RatioSizes = {
  '21:9': { width: 2240, height: 960 },
  '16:9': { width: 1920, height: 1080 },
  '4:3': { width: 1664, height: 1248 },
  '1:1': { width: 1536, height: 1536 },
  '3:4': { width: 1248, height: 1664 },
  '9:16': { width: 1080, height: 1920 },
  '9:21': { width: 960, height: 2240 },
}

const common: Capabilities = {
  operations: ['generate', 'edit'],
  sizes: { kind: 'list', sizes: ratioSizes(uniSizes) },
  defaultSize: { width: 2048, height: 2048 },
  qualities: [],
  maxN: 1,
  formats: ['png', 'jpeg'],
  defaultFormat: 'png',
  backgrounds: [],
  // The picture that is edited, and eight to look at.
  maxInputs: 9,
  mask: false,
  maxPromptChars: 6_000,
  parameters: ['style'],
  styles: ['auto', 'manga'],
  cancelStopsBilling: false,
  asyncJobs: true,
}

/** It takes links of pictures and no bytes, so there is no way to send it the client's. */
const photon: Capabilities = {
  ...common,
  operations: ['generate'],
  sizes: { kind: 'list', sizes: ratioSizes(photonSizes) },
  defaultSize: { width: 1920, height: 1080 },
  formats: ['jpeg', 'png'],
  defaultFormat: 'jpeg',
  maxInputs: 0,
  parameters: [],
}
const { styles: _, ...photonCapabilities } = photon

const model = (name: string, capabilities: Capabilities): KnownModel => ({ model: `luma/${name}`, wireModel: name, capabilities })

export const uniModels: readonly KnownModel[] = [model('uni-1', common), model('uni-1-max', common)]
export const photonModels: readonly KnownModel[] = [
  model('photon-1', photonCapabilities),
  model('photon-flash-1', photonCapabilities),
]
