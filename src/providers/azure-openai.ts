/**
 * Azure OpenAI and Microsoft Foundry: OpenAI's Images API per deployment, and Microsoft's MAI models. `baseUrl` is the resource,
 * `https://<resource>.openai.azure.com` or, for MAI, `https://<resource>.services.ai.azure.com`; `models` says what each
 * deployment is. Sources: @ai-sdk/azure 4.0.85 for both paths and `api-version=v1`; learn.microsoft.com for the rest.
 */
import { z } from 'zod'
import { HalftoneError } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import { createAzureAuthorizer } from './azure-openai/credentials.ts'
import { decodeMai, encodeMai, maiModel } from './azure-openai/mai.ts'
import { type CallBody, defineProvider, type Encoded, type HttpCall, type Probe } from './define-provider.ts'
import { type KnownModel, makeOffer } from './kit/offers.ts'
import { asText } from './kit/read.ts'
import { imageKeys } from './openai-dialect/answer.ts'
import { decodeImageEvent, decodeImages, encodeImages } from './openai-dialect/images-api.ts'
import { openaiModelOf } from './openai-dialect/openai-models.ts'
import { decodeModelList } from './openai-dialect/probe.ts'
import type { ModelConfig } from './provider-config.ts'

const id = 'azure-openai'

const options = z.strictObject({
  api: z.enum(['v1', 'deployments']).default('v1').describe('`deployments`: the older paths, one for each deployment.'),
  apiVersion: z.string().min(1).optional().describe('Default: `v1`; `2025-04-01-preview` for the older paths.'),
  entra: z
    .strictObject({
      tenantId: z.string().min(1),
      clientId: z.string().min(1),
      authority: z.url().optional().describe('Of sovereign clouds; default `https://login.microsoftonline.com`.'),
    })
    .optional()
    .describe('An app registration of Microsoft Entra ID; `apiKey` is then its client secret.'),
})

/**
 * What a deployment serves is known to the operator alone. Throws `config_invalid` for models of other makers: Foundry serves
 * those under paths that this codec does not know.
 */
function deployed(account: string, { id: deployment, model }: ModelConfig): KnownModel {
  const mai = maiModel(model.toLowerCase())
  if (mai) return { ...mai, wireModel: deployment }
  if (!model.startsWith('openai/')) {
    const message = `providers.${account}.models: azure-openai has no ${model}; it knows openai/... and microsoft/mai-image-...`
    throw new HalftoneError('config_invalid', message)
  }
  return { ...openaiModelOf(model.slice('openai/'.length), model), wireModel: deployment }
}

export const azureOpenai = defineProvider({
  id,
  keyVariables: ['AZURE_OPENAI_API_KEY', 'AZURE_API_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ 'api-key': apiKey }),
  options,
  bodyKeys: imageKeys,
  facts: {
    refusals: 'not documented; the content filter looks at prompts and at pictures',
    documentation: 'https://learn.microsoft.com/azure/ai-foundry/openai/how-to/dall-e',
  },

  createAuthorizer: (apiKey, config, deps) => createAzureAuthorizer(apiKey, config.options, deps),

  offers: (config) => (config.models ?? []).map((changes) => makeOffer(config, id, deployed(config.name, changes), changes)),

  encode(request, candidate, context): Encoded {
    if (maiModel(candidate.offer.model)) {
      const { operation, body, warnings } = encodeMai(request, candidate)
      return { call: { method: 'POST', path: `/mai/v1/images/${operation}`, body, accept: 'json', stream: false }, warnings }
    }
    const { call, warnings } = encodeImages(request, candidate)
    return { call: atDeployment(call, candidate.offer.wireModel, context.options), warnings }
  },

  decode: (response, { candidate }) => (maiModel(candidate.offer.model) ? decodeMai(response) : decodeImages(response)),
  decodeEvent: decodeImageEvent,

  probe: (config): Probe => ({
    call: {
      method: 'GET',
      path: `/openai/v1/models?api-version=${versionOf(config.options ?? {}, 'v1')}`,
      body: { kind: 'none' },
      accept: 'json',
      stream: false,
    },
    decode: decodeModelList,
  }),
})

const versionOf = (values: JsonObject, usual: string): string => encodeURIComponent(asText(values['apiVersion']) ?? usual)

/** The deployment is the `model` of the newer API, and part of the path of the older one. */
function atDeployment(call: HttpCall, deployment: string, values: JsonObject): HttpCall {
  if (values['api'] !== 'deployments') return { ...call, path: `/openai/v1${call.path}?api-version=${versionOf(values, 'v1')}` }
  const path = `/openai/deployments/${encodeURIComponent(deployment)}${call.path}?api-version=${versionOf(values, '2025-04-01-preview')}`
  return { ...call, path, body: withoutModel(call.body) }
}

function withoutModel(body: CallBody): CallBody {
  if (body.kind === 'multipart') return { ...body, parts: body.parts.filter(({ name }) => name !== 'model') }
  if (body.kind !== 'json') return body
  const { model: _, ...value } = body.value
  return { kind: 'json', value }
}
