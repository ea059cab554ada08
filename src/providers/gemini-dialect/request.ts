/** The body of `:generateContent`. Source: Gemini API discovery document v1beta (2026-08-22), GenerateContentRequest. */
import type { JsonObject } from '../../core/json.ts'
import type { Candidate } from '../../core/offer.ts'
import type { ImageRequest } from '../../core/request.ts'
import { inputReference } from '../define-provider.ts'
import { type ExtraRules, type Merged, mergeExtra, type Parameters } from '../kit/extra.ts'
import { geminiModel } from './models.ts'
import { wordsFor } from './sizes.ts'

/**
 * Objects the client may extend, and members it may not set: further candidates, cached content, and tools, whose searches are
 * billed by the query and by no meter of ours.
 */
const extraRules: ExtraRules = {
  open: new Set(['generationConfig', 'generationConfig.imageConfig']),
  reserved: new Set([
    'model',
    'cachedContent',
    'tools',
    'toolConfig',
    'generationConfig.candidateCount',
    'generationConfig.responseFormat',
    'generationConfig.imageConfig.imageSize',
  ]),
}

export interface GeminiBodyOptions {
  /** Members beside `contents`, such as the service tier. */
  readonly members?: Parameters
  /** Members of `imageConfig` besides size and shape. */
  readonly imageConfig?: JsonObject
}

/** The request for exactly the candidate's settings; input images go before the text that speaks of them. */
export function geminiBody(
  request: ImageRequest,
  candidate: Candidate,
  { members = {}, imageConfig = {} }: GeminiBodyOptions = {},
): Merged {
  const { offer, settings } = candidate
  const model = geminiModel(offer.wireModel)
  const words = model && wordsFor(model.sizes, settings.size)
  const images = request.inputs.map(({ mediaType }, index) => ({
    inlineData: { mimeType: mediaType, data: inputReference(index, { dataUrl: false }) },
  }))
  const generationConfig = {
    responseModalities: ['IMAGE'],
    ...(request.seed === undefined ? {} : { seed: request.seed }),
    imageConfig: { ...words, ...imageConfig },
  }
  const contents = [{ role: 'user', parts: [...images, { text: request.prompt }] }]
  return mergeExtra({ contents, generationConfig, ...members }, request, candidate, extraRules)
}
