/** `usageMetadata` as meters: tokens by modality. Thoughts are billed as text put out, whatever they show. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Warning } from '../../core/offer.ts'
import { type Meter, type Usage, wholeUnits } from '../../core/usage.ts'
import { asCount, asList, asObject } from '../kit/read.ts'
import { unknownNumbers } from '../kit/unknown-usage.ts'

export interface GeminiUsage {
  /** Undefined: the answer counts nothing. */
  readonly usage?: Usage
  /** Something was put out: text, thoughts or an image. */
  readonly hasOutput: boolean
  /** Image tokens were put out, whether or not the image was handed over. */
  readonly hasImage: boolean
}

/** `cacheReads`: cached text is its own meter; else it counts as text sent. */
export function readGeminiUsage(
  metadata: JsonObject | undefined,
  { cacheReads, images }: { readonly cacheReads: boolean; readonly images: number },
): GeminiUsage {
  const prompt = asCount(metadata?.['promptTokenCount'])
  const candidates = asCount(metadata?.['candidatesTokenCount']) ?? asCount(metadata?.['responseTokenCount'])
  const thoughts = asCount(metadata?.['thoughtsTokenCount']) ?? 0
  const imageIn = tokensOf(metadata?.['promptTokensDetails'], 'IMAGE') ?? 0
  const toolIn = asCount(metadata?.['toolUsePromptTokenCount']) ?? 0
  const cached = cacheReads ? cachedText(metadata) : 0
  // Without details a successful answer is taken for nothing but image.
  const imageOut = tokensOf(metadata?.['candidatesTokensDetails'], 'IMAGE') ?? (images > 0 ? (candidates ?? 0) : 0)
  const textOut = Math.max(0, (candidates ?? 0) - imageOut) + thoughts
  const counts: Partial<Record<Meter, number>> = {
    ...(prompt === undefined ? {} : { 'tokens.text.in': Math.max(0, prompt - imageIn - cached) + toolIn }),
    ...positive('tokens.text.in.cached', cached),
    ...positive('tokens.image.in', imageIn),
    ...positive('tokens.text.out', textOut),
    ...positive('tokens.image.out', imageOut),
  }
  const entries = Object.entries(counts) as [Meter, number][]
  const facts = { hasOutput: imageOut + textOut > 0, hasImage: imageOut > 0 }
  if (entries.length === 0) return facts
  return { ...facts, usage: Object.fromEntries(entries.map(([meter, count]) => [meter, wholeUnits(count)])) }
}

const KNOWN = new Set([
  'promptTokenCount',
  'candidatesTokenCount',
  'responseTokenCount',
  'thoughtsTokenCount',
  'toolUsePromptTokenCount',
  'cachedContentTokenCount',
  'totalTokenCount',
])

/** Counts no meter stands for: of the metadata itself, and of modalities other than text and image. */
export function unknownGeminiUsage(metadata: JsonObject | undefined): readonly Warning[] {
  const details = ['promptTokensDetails', 'candidatesTokensDetails', 'toolUsePromptTokensDetails', 'cacheTokensDetails'].flatMap(
    (list) =>
      (asList(metadata?.[list]) ?? []).map(asObject).flatMap((item) => {
        const modality = item?.['modality']
        const count = asCount(item?.['tokenCount']) ?? 0
        return typeof modality === 'string' && !PRICED.has(modality) ? [[`${list}.${modality}`, count] as const] : []
      }),
  )
  return unknownNumbers({ ...metadata, ...Object.fromEntries(details) }, KNOWN)
}

const PRICED = new Set(['TEXT', 'IMAGE', 'MODALITY_UNSPECIFIED'])

const positive = (meter: Meter, count: number): Partial<Record<Meter, number>> => (count > 0 ? { [meter]: count } : {})

/** Cached pictures stay with the pictures sent: nobody quotes a price for reading those from a cache. */
function cachedText(metadata: JsonObject | undefined): number {
  const all = asCount(metadata?.['cachedContentTokenCount']) ?? 0
  return Math.max(0, all - (tokensOf(metadata?.['cacheTokensDetails'], 'IMAGE') ?? 0))
}

/** Undefined where there are no details at all. */
function tokensOf(details: JsonValue | undefined, modality: string): number | undefined {
  const items = asList(details)?.map(asObject)
  if (!items || items.length === 0) return undefined
  const counted = items.filter((item) => item?.['modality'] === modality)
  return counted.reduce((sum, item) => sum + (asCount(item?.['tokenCount']) ?? 0), 0)
}
