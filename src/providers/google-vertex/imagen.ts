/**
 * Imagen by `:predict`. Google has retired all of it (2026-06-28); the codec stays for projects that still reach it through an
 * agreement, and so that a request for a retired model is told what replaced it. Source: @google/genai 3.1.0, its converters
 * for generateImages and editImage; sizes as on the model pages. Upscaling, product recontextualisation and imagegeneration@006
 * are left out.
 */
import type { Capabilities } from '../../core/capability.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Candidate } from '../../core/offer.ts'
import type { AttemptFailure } from '../../core/outcome.ts'
import { formatSize, type ImageRequest, parseSize } from '../../core/request.ts'
import { bodyIndexOf } from '../../net/json-scanner.ts'
import { type Decoded, type DecodedImage, inputReference, type ProviderResponse } from '../define-provider.ts'
import { failure } from '../engine/failures.ts'
import { failureOfGoogle } from '../gemini-dialect/errors.ts'
import { type ExtraRules, type Merged, mergeExtra } from '../kit/extra.ts'
import type { KnownModel } from '../kit/offers.ts'
import { asObject, asText, objectsOf } from '../kit/read.ts'

export const imagenBodyKeys = ['bytesBase64Encoded'] as const

const oneK: readonly (readonly [string, string])[] = [
  ['1024x1024', '1:1'],
  ['896x1280', '3:4'],
  ['1280x896', '4:3'],
  ['768x1408', '9:16'],
  ['1408x768', '16:9'],
]
const twoK: typeof oneK = [
  ['2048x2048', '1:1'],
  ['1792x2560', '3:4'],
  ['2560x1792', '4:3'],
  ['1536x2816', '9:16'],
  ['2816x1536', '16:9'],
]
const ratios: ReadonlyMap<string, string> = new Map([...oneK, ...twoK])
const isTwoK: ReadonlySet<string> = new Set(twoK.map(([pixels]) => pixels))

const listed = (...tables: readonly (typeof oneK)[]): Capabilities['sizes'] => ({
  kind: 'list',
  sizes: tables.flat().flatMap(([pixels]) => parseSize(pixels) ?? []),
})

const generating: Capabilities = {
  operations: ['generate'],
  sizes: listed(oneK),
  defaultSize: { width: 1024, height: 1024 },
  qualities: [],
  maxN: 4,
  formats: ['png', 'jpeg'],
  defaultFormat: 'png',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 2_000,
  parameters: ['seed', 'outputCompression'],
  cancelStopsBilling: false,
  asyncJobs: false,
}
/** Only the models of the third generation take one. */
const imagen3: Capabilities = { ...generating, parameters: [...generating.parameters, 'negativePrompt', 'guidance'] }
const editing: Capabilities = {
  ...imagen3,
  operations: ['edit'],
  maxInputs: 1,
  mask: true,
  sizeFromInput: true,
  needs: ['image', 'mask'],
}

const model = (name: string, wireModel: string, capabilities: Capabilities): KnownModel => ({
  model: `google/${name}`,
  wireModel,
  capabilities,
  retiredAt: '2026-06-28',
  replacedBy: 'google/gemini-nano-banana-2.1',
})

export const imagenModels: readonly KnownModel[] = [
  model('imagen-4.0', 'imagen-4.0-generate-001', { ...generating, sizes: listed(oneK, twoK) }),
  model('imagen-4.0-ultra', 'imagen-4.0-ultra-generate-001', { ...generating, sizes: listed(oneK, twoK) }),
  model('imagen-4.0-fast', 'imagen-4.0-fast-generate-001', generating),
  model('imagen-3.0', 'imagen-3.0-generate-002', imagen3),
  model('imagen-3.0-fast', 'imagen-3.0-fast-generate-001', imagen3),
  { ...model('imagen-3.0-capability', 'imagen-3.0-capability-001', editing), assumed: true },
]

export const isImagen = (wireModel: string): boolean => wireModel.startsWith('imagen-')

const extraRules: ExtraRules = {
  open: new Set(['parameters']),
  reserved: new Set(['instances', 'parameters.storageUri', 'parameters.sampleImageSize']),
}

/** Exactly the candidate's settings; the mask is sent black and white, white being edited. */
export function imagenBody(request: ImageRequest, candidate: Candidate): Merged {
  const { settings } = candidate
  const pixels = formatSize(settings.size)
  const isEdit = request.operation === 'edit'
  const parameters: JsonObject = {
    sampleCount: settings.n,
    ...(isEdit ? { editMode: 'EDIT_MODE_INPAINT_INSERTION' } : { aspectRatio: ratios.get(pixels) }),
    ...(isTwoK.has(pixels) && !isEdit ? { sampleImageSize: '2K' } : {}),
    ...(request.negativePrompt === undefined ? {} : { negativePrompt: request.negativePrompt }),
    ...(request.guidance === undefined ? {} : { guidanceScale: request.guidance }),
    // The API takes a seed only for pictures without its invisible watermark.
    ...(request.seed === undefined ? {} : { seed: request.seed, addWatermark: false }),
    includeRaiReason: true,
    outputOptions: {
      mimeType: `image/${settings.format}`,
      ...(request.outputCompression === undefined ? {} : { compressionQuality: request.outputCompression }),
    },
  }
  const references = isEdit ? { referenceImages: request.inputs.map(reference) } : {}
  return mergeExtra({ instances: [{ prompt: request.prompt, ...references }], parameters }, request, candidate, extraRules)
}

function reference({ role, mediaType }: ImageRequest['inputs'][number], index: number): JsonObject {
  const referenceId = index + 1
  if (role !== 'mask') {
    const referenceImage = { bytesBase64Encoded: inputReference(index, { dataUrl: false }), mimeType: mediaType }
    return { referenceType: 'REFERENCE_TYPE_RAW', referenceId, referenceImage }
  }
  return {
    referenceType: 'REFERENCE_TYPE_MASK',
    referenceId,
    referenceImage: {
      bytesBase64Encoded: inputReference(index, { dataUrl: false, transform: 'white-is-edit' }),
      mimeType: 'image/png',
    },
    maskImageConfig: { maskMode: 'MASK_MODE_USER_PROVIDED' },
  }
}

/** Filtered pictures are left out of the answer, or stand there with nothing but the reason. */
export function decodePredict(response: ProviderResponse): Decoded {
  if (response.status !== 200 || response.body.kind !== 'json') return { kind: 'failed', failure: failureOfGoogle(response) }
  const predictions = objectsOf(asObject(response.body.value)?.['predictions'])
  const images = predictions.flatMap(imageOf)
  const failures = predictions.flatMap(({ raiFilteredReason }): AttemptFailure[] => {
    const reason = asText(raiFilteredReason)
    return reason === undefined ? [] : [refused(reason)]
  })
  const [first] = failures
  if (images.length === 0) return { kind: 'failed', failure: first ?? refused('all pictures were filtered out') }
  return { kind: 'done', images, ...(failures.length > 0 ? { failures } : {}) }
}

const refused = (reason: string): AttemptFailure =>
  failure('content_refused', `The provider refused the content: ${reason}`, 'unknown', { stage: 'after' })

function imageOf(prediction: JsonObject): DecodedImage[] {
  const body = bodyIndexOf(prediction['bytesBase64Encoded'])
  if (body === undefined) return []
  // What the prompt was rewritten to, where the model does that.
  const revisedPrompt = asText(prediction['prompt'])
  return [{ source: { body }, ...(revisedPrompt === undefined ? {} : { revisedPrompt }) }]
}
