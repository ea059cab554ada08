/**
 * A Foundry resource: OpenAI's Images API on the newer path and per deployment, MAI, and the token endpoint of Entra ID. JSON is
 * held to OpenAI's own schema; deployments, versions, keys and members that a resource does not know are refused.
 */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'
import { readSpecification } from './spec.ts'

export const azureKey = 'azure-key'
export const entraSecret = 'client-secret'
export const openaiSpecification = readSpecification('openai-images')

/** Deployments of the resource; those of MAI are served under their own path only. */
const deployments: ReadonlySet<string> = new Set(['pictures'])
const maiDeployments: ReadonlySet<string> = new Set(['mai', 'mai-26'])
const versions: ReadonlySet<string | null> = new Set(['v1', 'preview', '2025-04-01-preview'])
const maiMembers: ReadonlySet<string> = new Set([
  'model',
  'prompt',
  'width',
  'height',
  'auto_aspect_ratio',
  'web_grounding',
  'image',
])

export interface AzureDouble extends DoubleServer {
  readonly tokens: readonly string[]
}

export async function startAzure(): Promise<AzureDouble> {
  const tokens: string[] = []

  const exchange = (call: DoubleCall): DoubleAnswer => {
    const form = new URLSearchParams(call.body.toString())
    const isRight =
      form.get('grant_type') === 'client_credentials' &&
      form.get('client_secret') === entraSecret &&
      form.get('scope') === 'https://cognitiveservices.azure.com/.default'
    if (!isRight) return { status: 401, json: { error: 'invalid_client' } }
    tokens.push(`eyJ0.eyJ${tokens.length}.sig`)
    return { json: { access_token: tokens.at(-1) ?? '', expires_in: 3599, token_type: 'Bearer' } }
  }

  const isKnown = ({ headers }: DoubleCall): boolean =>
    headers['api-key'] === azureKey || tokens.includes(String(headers.authorization).replace('Bearer ', ''))

  const server = await startServer(async (call) => {
    if (call.path.endsWith('/oauth2/v2.0/token')) return exchange(call)
    if (!isKnown(call)) return refused(401, '401', 'Access denied due to invalid subscription key or wrong API endpoint.')
    const [, maiOperation] = /^\/mai\/v1\/images\/(generations|edits)$/.exec(call.path) ?? []
    if (maiOperation) return mai(await membersOf(call))
    if (!versions.has(call.query.get('api-version'))) return refused(404, '404', 'Resource not found')
    if (call.path === '/openai/v1/models') return { json: { data: [{ id: 'gpt-image-2' }] } }
    const [, deployment, operation] =
      /^\/openai\/(?:v1|deployments\/([\w-]+))\/images\/(generations|edits)$/.exec(call.path) ?? []
    return operation ? images(call, operation, deployment) : refused(404, '404', 'Resource not found')
  })
  return { ...server, tokens }
}

const refused = (status: number, code: string, message: string): DoubleAnswer => ({ status, json: { error: { code, message } } })

async function images(call: DoubleCall, operation: string, deployment: string | undefined): Promise<DoubleAnswer> {
  const members = await membersOf(call)
  if (!deployments.has(deployment ?? String(members['model']))) {
    return refused(404, 'DeploymentNotFound', 'The API deployment for this resource does not exist.')
  }
  const problems =
    operation === 'generations'
      ? openaiSpecification.problems('CreateImageRequest', members)
      : Object.keys(members).filter((name) => !editMembers.has(name))
  if (problems.length > 0) return refused(400, 'unknown_parameter', problems.join('; '))
  const [width = 1024, height = 1024] = String(members['size']).split('x').map(Number)
  const usage = {
    input_tokens: 8,
    input_tokens_details: { text_tokens: 8, image_tokens: 0 },
    output_tokens: 1000,
    total_tokens: 1008,
  }
  return { json: { created: 1, data: [{ b64_json: doublePicture(width, height).toString('base64') }], usage } }
}

/** CreateImageEditRequest of openai-openapi at f85dbe2 (2026-08-21); Azure's forms name each file `image[]`. */
const editMembers: ReadonlySet<string> = new Set(
  `image[] prompt mask background model n size response_format output_format output_compression user input_fidelity stream
   partial_images quality`.split(/\s+/),
)

/** One picture of the size asked for, or of the first input; at least 768 pixels an edge, and a megapixel for the older models. */
function mai(members: JsonObject): DoubleAnswer {
  if (!maiDeployments.has(String(members['model']))) return refused(404, 'DeploymentNotFound', 'There is no such deployment.')
  const foreign = Object.keys(members).filter((name) => !maiMembers.has(name))
  if (foreign.length > 0) return refused(400, 'unsupported_request_parameter', `Unknown: ${foreign}`)
  const [width, height] = [Number(members['width'] ?? 1024), Number(members['height'] ?? 1024)]
  const maxPixels = members['model'] === 'mai' ? 1024 * 1024 : 1536 * 1536
  if (Math.min(width, height) < 768 || width * height > maxPixels) {
    return refused(400, 'unsupported_request_value', "Model does not support request parameter value supplied: 'width'.")
  }
  const usage = { num_output_tokens: (width * height) / 1024, num_input_text_tokens: 8, num_input_image_tokens: 0 }
  return {
    json: {
      created: 1,
      size: `${width}x${height}`,
      usage,
      data: [{ b64_json: doublePicture(width, height).toString('base64') }],
    },
  }
}

/** JSON, or the fields of a form with its files as `null`. */
async function membersOf(call: DoubleCall): Promise<JsonObject> {
  if (!call.headers['content-type']?.startsWith('multipart/')) return call.json
  const entries = [...(await call.form()).entries()]
  return Object.fromEntries(entries.map(([name, value]): [string, JsonValue] => [name, typeof value === 'string' ? value : null]))
}
