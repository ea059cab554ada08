/** Vercel's AI Gateway, by the calls of its own SDK: one for the picture, and one that tells what it cost. */
import type { JsonObject } from '../core/json.ts'
import type { Candidate, Warning } from '../core/offer.ts'
import type { AttemptFailure, ReportedCost } from '../core/outcome.ts'
import { formatSize, type ImageRequest } from '../core/request.ts'
import { type Usage, wholeUnits } from '../core/usage.ts'
import {
  type Bill,
  type Decoded,
  defineProvider,
  type Encoded,
  inputReference,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { decimalSum } from './kit/decimals.ts'
import { mergeExtra, type Parameters } from './kit/extra.ts'
import { lookUp } from './kit/jobs.ts'
import { offersOf } from './kit/offers.ts'
import { asCount, asObject, asText, decimalText, objectsOf } from './kit/read.ts'
import { imagesOf } from './openai-dialect/answer.ts'
import { failureFromResponse } from './openai-dialect/errors.ts'
import { unlistedCapabilities, vercelModels } from './vercel-gateway/models.ts'

const id = 'vercel-gateway'

const rules = {
  reserved: new Set(['files', 'mask', 'size', 'aspectRatio', 'n']),
  open: new Set(['providerOptions', 'providerOptions.openai']),
}

export const vercelGateway = defineProvider({
  id,
  baseUrl: 'https://ai-gateway.vercel.sh',
  keyVariables: ['AI_GATEWAY_API_KEY', 'VERCEL_AI_GATEWAY_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({
    authorization: `Bearer ${apiKey}`,
    'ai-gateway-protocol-version': '0.0.1',
    'ai-gateway-auth-method': 'api-key',
  }),
  bodyKeys: ['images'],
  facts: {
    reportsCost: 'A look-up by `generationId`: `gateway_cost` or `total_cost` in USD, `surcharge_cost` as a line of its own.',
    refusals: 'As the provider behind it; rules of the gateway itself (`forbidden`) answer before anything is made.',
    documentation: 'https://vercel.com/docs/ai-gateway',
  },

  offers: (config) =>
    offersOf(config, id, vercelModels, ({ id: wireModel, model }) => ({
      model,
      wireModel: wireModel.includes('/') ? wireModel : model,
      capabilities: unlistedCapabilities,
    })),

  encode(request, candidate): Encoded {
    const { parameters, warnings } = mergeExtra(parametersOf(request, candidate), request, candidate, rules)
    return {
      call: {
        method: 'POST',
        path: '/v4/ai/image-model',
        headers: { 'ai-image-model-specification-version': '4', 'ai-model-id': candidate.offer.wireModel },
        body: { kind: 'json', value: parameters },
        accept: 'json',
        stream: false,
      },
      warnings,
    }
  },

  decode(response, { request }): Decoded {
    const answer = response.body.kind === 'json' ? asObject(response.body.value) : undefined
    if (response.status !== 200 || !answer) return { kind: 'failed', failure: failureOf(response, answer) }
    const images = imagesOf(answer['images'] ?? [])
    const gateway = asObject(asObject(answer['providerMetadata'])?.['gateway'])
    const generation = asText(gateway?.['generationId'])
    const usage = usageOf(asObject(answer['usage']), images.length, request)
    return {
      kind: 'done',
      images,
      ...(images.length > 0 ? { usage } : {}),
      warnings: warningsOf(answer),
      ...(generation === undefined ? {} : { bill: lookUp(`/v1/generation?id=${encodeURIComponent(generation)}`) }),
    }
  },

  decodeBill(response): Bill | undefined {
    const data = response.body.kind === 'json' ? asObject(asObject(response.body.value)?.['data']) : undefined
    const reportedCost = data && costOf(data)
    return reportedCost && { reportedCost }
  },

  probe: (): Probe => ({
    call: lookUp('/v1/credits'),
    decode: (response) => {
      const answer = response.body.kind === 'json' ? asObject(response.body.value) : undefined
      const balance = decimalText(answer?.['balance'])
      return response.status === 200 && balance !== undefined
        ? { ok: true, message: `The key works; $${balance} of credit are left.` }
        : { ok: false, message: `GET /v1/credits: ${failureFromResponse(response).message}` }
    },
  }),
})

function parametersOf(request: ImageRequest, { offer, settings }: Candidate): Parameters {
  const { capabilities, model } = offer
  const files = request.inputs.flatMap(({ role, mediaType }, index) => (role === 'mask' ? [] : [fileOf(index, mediaType)]))
  const mask = request.inputs.findIndex(({ role }) => role === 'mask')
  const openai = {
    quality: settings.quality,
    background: settings.background,
    outputFormat: capabilities.formats.length > 1 ? settings.format : undefined,
    outputCompression: request.outputCompression,
  }
  return {
    prompt: request.prompt,
    n: settings.n,
    size: formatSize(settings.size),
    seed: request.seed,
    providerOptions: model.startsWith('openai/') ? { openai: present(openai) } : undefined,
    files: files.length > 0 ? files : undefined,
    mask: mask === -1 ? undefined : fileOf(mask, request.inputs[mask]?.mediaType ?? 'image/png'),
  }
}

const fileOf = (index: number, mediaType: string): JsonObject => ({
  type: 'file',
  mediaType,
  data: inputReference(index, { dataUrl: false }),
})

/** Without the members that are not there. */
const present = (members: Parameters): JsonObject =>
  Object.fromEntries(Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))

/** Two sums without their kinds: with pictures sent the input counts as theirs, which dwarf the prompt. */
function usageOf(usage: JsonObject | undefined, images: number, { inputs }: ImageRequest): Usage {
  const [sent, made] = [asCount(usage?.['inputTokens']), asCount(usage?.['outputTokens'])]
  return {
    'images.out': wholeUnits(images),
    ...(sent ? { [inputs.length > 0 ? 'tokens.image.in' : 'tokens.text.in']: wholeUnits(sent) } : {}),
    ...(made ? { 'tokens.image.out': wholeUnits(made) } : {}),
  }
}

/** Absent is not zero. With a key of one's own the maker bills as well. */
function costOf(data: JsonObject): ReportedCost | undefined {
  const debited = decimalText(data['gateway_cost'])
  const amount = debited ?? decimalText(data['total_cost'])
  if (amount === undefined) return undefined
  const source = `generation ${debited === undefined ? 'total_cost' : 'gateway_cost'}`
  const upstream = data['is_byok'] === true ? decimalText(data['upstream_inference_cost']) : undefined
  if (upstream !== undefined) {
    const sum = decimalSum(amount, upstream)
    return { amount: sum, unit: 'USD', source: `${source} and upstream_inference_cost`, surcharge: amount }
  }
  const surcharge = decimalText(data['surcharge_cost'])
  const isPart = surcharge !== undefined && Number(surcharge) > 0 && Number(surcharge) <= Number(amount)
  return { amount, unit: 'USD', source, ...(isPart ? { surcharge } : {}) }
}

/** What the gateway left out of the request, in its own words. */
function warningsOf(answer: JsonObject): readonly Warning[] {
  return objectsOf(answer['warnings']).flatMap((warning): Warning[] => {
    const feature = asText(warning['feature'])
    if (warning['type'] !== 'unsupported' || feature === undefined) return []
    const details = asText(warning['details'])
    return [
      { code: 'parameter_ignored', param: feature, message: `The gateway ignored ${feature}${details ? `: ${details}` : '.'}` },
    ]
  })
}

function failureOf(response: ProviderResponse, answer: JsonObject | undefined): AttemptFailure {
  const error = asObject(answer?.['error'])
  if (response.status === 403 && error?.['type'] === 'forbidden') {
    const message = `A rule of the gateway refused the request: ${asText(error['message'])?.slice(0, 300) ?? 'no message'}`
    return failure('content_refused', message, 'no', { stage: 'before' })
  }
  const found = failureFromResponse(response)
  // The maker's fault, which the gateway tells with a status that says it is the client's.
  return error?.['type'] === 'failed_dependency' ? failure('provider_error', found.message, 'unknown') : found
}
