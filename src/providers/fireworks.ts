/** Fireworks: FLUX.1 and Stable Diffusion answer with the picture itself, FLUX.1 Kontext with a job. */
import type { Candidate } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import type { ImageRequest } from '../core/request.ts'
import { wholeUnits } from '../core/usage.ts'
import {
  type Decoded,
  type DecodedImage,
  defineProvider,
  type Encoded,
  type HttpCall,
  inputReference,
  type Pending,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { type FireworksModel, fireworksModels } from './fireworks/models.ts'
import { failureOfStatus } from './kit/errors.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { decodeFluxResult } from './kit/flux-jobs.ts'
import { kontextSizes } from './kit/flux-sizes.ts'
import { lookUp } from './kit/jobs.ts'
import { offersOf } from './kit/offers.ts'
import { ratioOf } from './kit/ratios.ts'
import { asCount, asObject, asText } from './kit/read.ts'
import { decodeModelList } from './openai-dialect/probe.ts'

const id = 'fireworks'
const POLL_MS = 500

/** Members that were priced, carry pictures or would change the form of the answer. */
const reserved: ReadonlySet<string> = new Set([
  ...['aspect_ratio', 'width', 'height', 'num_inference_steps', 'steps', 'samples', 'output_format', 'output_image_format'],
  ...['input_image', 'webhook_url', 'webhook_secret'],
])

export const fireworks = defineProvider({
  id,
  baseUrl: 'https://api.fireworks.ai/inference/v1',
  keyVariables: ['FIREWORKS_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  bodyKeys: [],
  facts: {
    refusals: 'a filtered picture is told by a header or the state of its job; whether it is billed is not documented',
    documentation: 'https://docs.fireworks.ai/api-reference/generate-a-new-image-from-a-text-prompt',
  },

  offers: (config) => offersOf(config, id, fireworksModels),

  encode(request, candidate): Encoded {
    const { parameters, warnings } = mergeExtra(parametersOf(request, candidate), request, candidate, reserved)
    return { call: { ...callOf(candidate), body: { kind: 'json', value: parameters } }, warnings }
  },

  decode(response, { candidate, state }): Decoded {
    if (response.status !== 200) return { kind: 'failed', failure: failureOf(response) }
    if (response.body.kind === 'image') return pictureOf(response)
    const answer = response.body.kind === 'json' ? (asObject(response.body.value) ?? {}) : {}
    const known = asText(asObject(state)?.['jobId'])
    if (known !== undefined) {
      const bill = { usage: { 'images.out': wholeUnits(candidate.settings.n) } }
      return decodeFluxResult(response, { pending: pendingOf(known, candidate), bill })
    }
    const jobId = asText(answer['request_id'])
    if (jobId !== undefined) return pendingOf(jobId, candidate)
    const message = 'The provider answered with neither a picture nor the id of a job.'
    return { kind: 'failed', failure: failure('provider_invalid_response', message, 'unknown') }
  },

  probe: (): Probe => ({ call: lookUp('/models'), decode: decodeModelList }),
})

/** 412 is what a suspended account is told. */
function failureOf(response: ProviderResponse): AttemptFailure {
  const plain = failureOfStatus(response)
  return response.status === 412 ? { ...plain, code: 'provider_auth' } : plain
}

const knownAs = ({ offer }: Candidate): FireworksModel | undefined =>
  fireworksModels.find(({ wireModel }) => wireModel === offer.wireModel)

/** The `Accept` header chooses the format of pictures that are the answer. */
function callOf(candidate: Candidate): Omit<HttpCall, 'body'> {
  const { offer, settings } = candidate
  const common = { method: 'POST', stream: false } as const
  const picture = { ...common, accept: 'image', headers: { accept: `image/${settings.format}` } } as const
  switch (knownAs(candidate)?.api) {
    case 'job':
      return { ...common, accept: 'json', path: `/workflows/${offer.wireModel}` }
    case 'diffusion':
      return { ...picture, path: `/image_generation/${offer.wireModel}` }
    default:
      return { ...picture, path: `/workflows/${offer.wireModel}/text_to_image` }
  }
}

function parametersOf(request: ImageRequest, candidate: Candidate): Parameters {
  const { prompt, seed, negativePrompt, guidance, inputs } = request
  const { size, steps, format, n } = candidate.settings
  const shape = { aspect_ratio: ratioOf(kontextSizes, size) }
  switch (knownAs(candidate)?.api) {
    case 'job':
      return {
        prompt,
        ...shape,
        input_image: inputs.length > 0 ? inputReference(0, { dataUrl: true }) : undefined,
        seed,
        output_format: format,
      }
    case 'diffusion':
      return {
        ...{ prompt, width: size.width, height: size.height, samples: n, steps, seed },
        ...{ cfg_scale: guidance, negative_prompt: negativePrompt },
      }
    default:
      return { prompt, ...shape, num_inference_steps: steps, guidance_scale: guidance, seed }
  }
}

const pendingOf = (jobId: string, { offer }: Candidate): Pending => ({
  kind: 'pending',
  jobId,
  poll: {
    ...{ method: 'POST', accept: 'json', stream: false, spends: false },
    path: `/workflows/${offer.wireModel}/get_result`,
    body: { kind: 'json', value: { id: jobId } },
  },
  afterMs: POLL_MS,
  state: { jobId },
})

/** Asked to check, it answers 200 all the same and says in a header that the picture is blank. */
function pictureOf({ headers }: ProviderResponse): Decoded {
  if (headers['finish-reason'] === 'CONTENT_FILTERED') {
    const message = 'The provider refused the content: the safety check filtered the picture.'
    return { kind: 'failed', failure: failure('content_refused', message, 'unknown', { stage: 'after' }) }
  }
  const seed = asCount(headers['seed'])
  const image: DecodedImage = { source: { body: 0 }, ...(seed === undefined ? {} : { seed }) }
  return { kind: 'done', images: [image] }
}
