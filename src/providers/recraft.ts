/** Recraft: raster and vector pictures, and tools on pictures; each answer says how many API units it took. */
import type { Candidate, Warning } from '../core/offer.ts'
import type { AttemptFailure, ReportedCost } from '../core/outcome.ts'
import { formatSize, type ImageInput, type ImageRequest } from '../core/request.ts'
import { wholeUnits } from '../core/usage.ts'
import {
  type Decoded,
  defineProvider,
  type Encoded,
  inputReference,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { failureOfStatus, wireErrorOf } from './kit/errors.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { lookUp } from './kit/jobs.ts'
import { offersOf } from './kit/offers.ts'
import { asCount, asObject, decimalText } from './kit/read.ts'
import { imagesOf } from './openai-dialect/answer.ts'
import { recraftModels } from './recraft/models.ts'

const id = 'recraft'

/** Members that were priced, carry images, or change the form of the answer. */
const reserved: ReadonlySet<string> = new Set([
  ...['model', 'size', 'n', 'image_url', 'mask_url', 'image_format', 'response_format', 'expire', 'upscale'],
  ...['expand_left', 'expand_right', 'expand_top', 'expand_bottom', 'zoom_out_percentage', 'style_reference_urls'],
])

/** The API demands one where pictures are redrawn; the middle, as in Recraft's own node for ComfyUI. */
const DEFAULT_STRENGTH = 0.5

export const recraft = defineProvider({
  id,
  baseUrl: 'https://external.api.recraft.ai/v1',
  keyVariables: ['RECRAFT_API_TOKEN', 'RECRAFT_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  bodyKeys: ['b64_json'],
  facts: {
    reportsCost: '`credits` of each answer: API units of $0.001.',
    refusals: 'Not documented, neither how a refusal looks nor whether it is billed.',
    documentation: 'https://www.recraft.ai/docs/api-reference/endpoints',
  },

  offers: (config) => offersOf(config, id, recraftModels),

  encode(request, candidate): Encoded {
    const kind = callOf(request, candidate)
    const { parameters, warnings } = mergeExtra(parametersOf(kind, request, candidate), request, candidate, reserved)
    return {
      call: {
        method: 'POST',
        path: `/images/${kind}`,
        body: { kind: 'json', value: parameters },
        accept: 'json',
        stream: false,
      },
      warnings: [...promptWarnings(kind, request), ...warnings],
    }
  },

  decode(response): Decoded {
    const answer = response.body.kind === 'json' ? asObject(response.body.value) : undefined
    if (response.status !== 200 || !answer) return { kind: 'failed', failure: failureOf(response) }
    // Tools answer with one picture instead of a list.
    const images = imagesOf(answer['image'] === undefined ? answer : [answer['image']])
    const amount = decimalText(answer['credits'])
    const reportedCost: ReportedCost | undefined =
      amount === undefined ? undefined : { amount, unit: 'API unit', source: 'credits' }
    return {
      kind: 'done',
      images,
      ...(images.length > 0 ? { usage: { 'images.out': wholeUnits(images.length) } } : {}),
      ...(reportedCost ? { reportedCost } : {}),
    }
  },

  probe: (): Probe => ({
    call: lookUp('/users/me'),
    decode: (response) => {
      const credits = response.body.kind === 'json' ? asCount(asObject(response.body.value)?.['credits']) : undefined
      return response.status === 200 && credits !== undefined
        ? { ok: true, message: `The key works; ${credits} API units are left.` }
        : { ok: false, message: failureOf(response).message }
    },
  }),
})

/** The tools of the API, by the last part of their paths. */
const tools = [
  'replaceBackground',
  'variateImage',
  'eraseRegion',
  'removeBackground',
  'vectorize',
  'crispUpscale',
  'creativeUpscale',
] as const
type Call = (typeof tools)[number] | 'generations' | 'imageToImage' | 'inpaint' | 'outpaint'

function callOf({ operation, inputs, outpaint }: ImageRequest, { offer }: Candidate): Call {
  const tool = tools.find((name) => name === offer.wireModel)
  if (tool) return tool
  if (operation === 'generate') return 'generations'
  if (inputs.some(({ role }) => role === 'mask')) return 'inpaint'
  return outpaint ? 'outpaint' : 'imageToImage'
}

function parametersOf(kind: Call, request: ImageRequest, { offer, settings }: Candidate): Parameters {
  const isRedrawn = !tools.some((name) => name === kind)
  const image = pictureOf(request, 'image')
  return {
    ...(takesPrompt(kind) ? { prompt: request.prompt } : {}),
    ...(isRedrawn ? { model: offer.wireModel } : {}),
    ...(offer.capabilities.maxN > 1 ? { n: settings.n } : {}),
    ...(kind === 'generations' || kind === 'variateImage' ? { size: formatSize(settings.size) } : {}),
    image_url: image,
    mask_url: pictureOf(request, 'mask'),
    strength: kind === 'imageToImage' ? (request.strength ?? DEFAULT_STRENGTH) : undefined,
    ...(kind === 'outpaint' ? expansionOf(request) : {}),
    style: request.style,
    negative_prompt: request.negativePrompt,
    random_seed: request.seed,
    image_format: settings.format === 'svg' ? undefined : settings.format,
    response_format: 'b64_json',
  }
}

/** White is redrawn, and every pixel has to be black or white. */
function pictureOf({ inputs }: ImageRequest, role: ImageInput['role']) {
  const index = inputs.findIndex((input) => input.role === role)
  if (index === -1) return undefined
  return inputReference(index, { dataUrl: true, ...(role === 'mask' ? { transform: 'white-is-edit-hard' } : {}) })
}

const expansionOf = ({ outpaint }: ImageRequest): Parameters => ({
  expand_left: outpaint?.left,
  expand_right: outpaint?.right,
  expand_top: outpaint?.top,
  expand_bottom: outpaint?.bottom,
})

const takesPrompt = (kind: Call): boolean => kind === 'replaceBackground' || !tools.some((name) => name === kind)

function promptWarnings(kind: Call, { prompt }: ImageRequest): readonly Warning[] {
  if (takesPrompt(kind) || prompt === '') return []
  return [{ code: 'parameter_ignored', param: 'prompt', message: `Recraft's ${kind} takes no prompt.` }]
}

const REFUSAL = /nsfw|moderat|prohibited|inappropriate|content policy|not allowed by our/i
const QUOTA = /not enough (?:credits|units)|insufficient|out of credits|no credits/i

/** Errors are plain text or JSON. Which words stand for a refusal or an empty account is not documented. */
function failureOf(response: ProviderResponse): AttemptFailure {
  const error = wireErrorOf(response)
  const words = `${error.code ?? ''} ${error.message}`
  if (response.status >= 400 && response.status < 500 && response.status !== 429) {
    if (QUOTA.test(words)) return failure('provider_quota', `The provider account has no credit: ${error.message}`, 'no')
    if (REFUSAL.test(words)) {
      return failure('content_refused', `The provider refused the content: ${error.message}`, 'unknown', { stage: 'unknown' })
    }
  }
  return failureOfStatus(response, error)
}
