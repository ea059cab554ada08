/** The answer of `:generateContent`: images, or 200 with none, which is a refusal that may well be billed. */
import type { Billed } from '../../core/error.ts'
import type { JsonObject } from '../../core/json.ts'
import type { AttemptFailure, RefusalStage } from '../../core/outcome.ts'
import { bodyIndexOf } from '../../net/json-scanner.ts'
import type { DecodeContext, Decoded, DecodedImage, ProviderResponse } from '../define-provider.ts'
import { failure } from '../engine/failures.ts'
import { asObject, asText, objectsOf } from '../kit/read.ts'
import { toldBy } from '../kit/unknown-usage.ts'
import { failureOfGoogle } from './errors.ts'
import { geminiModel } from './models.ts'
import { type GeminiUsage, readGeminiUsage, unknownGeminiUsage } from './usage.ts'

/** Members whose strings are images: `inlineData.data`. */
export const geminiBodyKeys = ['data'] as const

export function decodeGenerateContent(response: ProviderResponse, { candidate }: Pick<DecodeContext, 'candidate'>): Decoded {
  if (response.status !== 200 || response.body.kind !== 'json') return { kind: 'failed', failure: failureOfGoogle(response) }
  const answer = asObject(response.body.value) ?? {}
  const candidates = objectsOf(answer['candidates'])
  const parts = candidates.flatMap(partsOf)
  const images = parts.flatMap(imageOf)
  // Cache reads are sold at the standard tier only.
  const cacheReads = candidate.offer.tier === undefined && geminiModel(candidate.offer.wireModel)?.cacheReads === true
  const metadata = asObject(answer['usageMetadata'])
  const consumed = readGeminiUsage(metadata, { cacheReads, images: images.length })
  const told = toldBy(unknownGeminiUsage(metadata))
  if (images.length > 0) return { kind: 'done', images, ...(consumed.usage ? { usage: consumed.usage } : {}), ...told }
  return { kind: 'failed', failure: withoutImage(answer, candidates[0], parts, consumed) }
}

const partsOf = (candidate: JsonObject): readonly JsonObject[] => objectsOf(asObject(candidate['content'])?.['parts'])

/** Thoughts may hold drafts of the picture: they are not what was asked for. */
function imageOf(part: JsonObject): DecodedImage[] {
  if (part['thought'] === true) return []
  const body = bodyIndexOf(asObject(part['inlineData'] ?? part['inline_data'])?.['data'])
  return body === undefined ? [] : [{ source: { body } }]
}

/** Reasons that are about content; of these, those that judge a finished image. */
const CONTENT = /^(SAFETY|RECITATION|BLOCKLIST|PROHIBITED_CONTENT|SPII|IMAGE_SAFETY|IMAGE_PROHIBITED_CONTENT|IMAGE_RECITATION)$/
const IMAGE_CONTENT = /^IMAGE_/

function withoutImage(
  answer: JsonObject,
  candidate: JsonObject | undefined,
  parts: readonly JsonObject[],
  consumed: GeminiUsage,
): AttemptFailure {
  const blocked = asText(asObject(answer['promptFeedback'])?.['blockReason'])
  const finish = asText(candidate?.['finishReason'])
  const details = { ...(consumed.usage ? { usage: consumed.usage } : {}) }
  if (blocked !== undefined) {
    const billed = consumed.hasOutput ? 'yes' : consumed.usage ? 'unknown' : 'no'
    const message = `The provider refused the content: the prompt was blocked (${blocked}).`
    return failure('content_refused', message, billed, { ...details, stage: 'before' })
  }
  const billed: Billed = consumed.hasOutput ? 'yes' : 'unknown'
  const words = quoted(asText(candidate?.['finishMessage']) ?? spoken(parts))
  if (finish !== undefined && CONTENT.test(finish)) {
    const stage: RefusalStage = IMAGE_CONTENT.test(finish) || consumed.hasImage ? 'after' : 'before'
    return failure('content_refused', `The provider refused the content (${finish})${words}`, billed, { ...details, stage })
  }
  // Words instead of a picture: the model declined, and asked again it would again.
  if (finish === 'STOP' && words !== '.') {
    return failure('content_refused', `The model answered in words${words}`, billed, { ...details, stage: 'before' })
  }
  const reason = finish === undefined ? 'no reason given' : finish
  return failure('provider_no_image', `The provider answered without an image (${reason})${words}`, billed, details)
}

const spoken = (parts: readonly JsonObject[]): string | undefined =>
  asText(parts.flatMap(({ thought, text }) => (thought === true ? [] : (asText(text) ?? []))).join(' '))

const quoted = (text: string | undefined): string =>
  text === undefined
    ? '.'
    : `: ${text
        .replace(/\p{Cc}+/gu, ' ')
        .slice(0, 300)
        .trim()}`
