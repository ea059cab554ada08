/**
 * Gemini's image models on either host. Sources: the guide named in sizes.ts for sizes and formats; the model pages for input
 * limits (3 for 2.5 Flash Image, 14 for the Gemini 3 models); LaoZhang's and TanStack's notes of 2026-10 that Nano Banana 2.1
 * refuses `512`. None takes a mask, a negative prompt or a number of images.
 */
import type { Capabilities } from '../../core/capability.ts'
import { commonRatios, extremeRatios, extremeRatios21, joined, ratios25, type SizeTable, sizesOf, sizeTable } from './sizes.ts'

export interface GeminiModel {
  readonly name: string
  readonly sizes: SizeTable
  readonly maxInputs: number
  /** What it returns where the API has no choice of format. */
  readonly format: 'png' | 'jpeg'
  /** Cache reads of text have a price of their own; else all input counts as uncached, which is never cheaper. */
  readonly cacheReads?: true
}

/** The newest first. */
export const geminiModels: readonly GeminiModel[] = [
  {
    name: 'gemini-nano-banana-2.1',
    sizes: joined(sizeTable(commonRatios, ['1K', '2K', '4K']), sizeTable(extremeRatios21, ['1K'])),
    maxInputs: 14,
    format: 'jpeg',
  },
  {
    name: 'gemini-3-pro-image',
    sizes: sizeTable(commonRatios, ['1K', '2K', '4K']),
    maxInputs: 14,
    format: 'jpeg',
    cacheReads: true,
  },
  {
    name: 'gemini-3.1-flash-lite-image',
    sizes: sizeTable(commonRatios, ['1K']),
    // Its own limit was not found; the smallest of the family.
    maxInputs: 3,
    format: 'jpeg',
    cacheReads: true,
  },
  {
    name: 'gemini-3.1-flash-image',
    sizes: sizeTable({ ...commonRatios, ...extremeRatios }, ['512', '1K', '2K', '4K']),
    maxInputs: 14,
    format: 'jpeg',
    cacheReads: true,
  },
  { name: 'gemini-2.5-flash-image', sizes: sizeTable(ratios25), maxInputs: 3, format: 'png', cacheReads: true },
]

const byName = new Map(geminiModels.map((model) => [model.name, model]))

/** A preview is the model it became, and a later model is taken for the newest known; undefined for other names. */
export function geminiModel(wireModel: string): GeminiModel | undefined {
  const known = byName.get(wireModel) ?? byName.get(wireModel.replace(/-preview(-[\d-]+)?$/, ''))
  return known ?? (/^gemini-.*(?:image|banana)/.test(wireModel) ? geminiModels[0] : undefined)
}

/** What a model can do where `formats` can be chosen; without them it returns its own. */
export const geminiCapabilities = (
  { sizes, maxInputs, format }: GeminiModel,
  formats: readonly ('png' | 'jpeg')[] = [format],
): Capabilities => ({
  operations: ['generate', 'edit'],
  sizes: { kind: 'list', sizes: sizesOf(sizes) },
  defaultSize: { width: 1024, height: 1024 },
  qualities: [],
  maxN: 1,
  formats,
  defaultFormat: formats[0] ?? format,
  backgrounds: [],
  maxInputs,
  mask: false,
  maxPromptChars: 32_000,
  parameters: formats.length > 1 ? ['seed', 'outputCompression'] : ['seed'],
  cancelStopsBilling: false,
  asyncJobs: false,
})
