/**
 * Google's two hosts of Gemini, and its token endpoint: takes what the discovery document has and refuses what it has not, as the
 * APIs do. Pictures come in the pixels of the published table, with a draft among the thoughts.
 */
import { createVerify } from 'node:crypto'
import type { JsonObject } from '../../../src/core/json.ts'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'
import { readSpecification } from './spec.ts'

export interface GoogleDouble extends DoubleServer {
  /** Calls for pictures. */
  readonly asked: readonly DoubleCall[]
  /** Tokens handed out so far. */
  readonly tokens: readonly string[]
  /** What the next calls for pictures are answered instead, in order. */
  enqueue(...answers: readonly (DoubleAnswer | 'silence')[]): void
}

export interface GoogleDoubleOptions {
  /** Keys of the Gemini API. */
  readonly apiKeys?: readonly string[]
  /** Of `serviceAccount`. */
  readonly publicKey?: string
}

export const serviceAccount = 'halftone@halftone-test.iam.gserviceaccount.com'
export const googleSpecification = readSpecification('google')
const TOKEN_SECONDS = 3600

/** Members of `parameters` in @google/genai 3.1.0, for generateImages and editImage. */
const imagenParameters: ReadonlySet<string> = new Set(
  `storageUri negativePrompt sampleCount aspectRatio guidanceScale seed safetySetting personGeneration includeSafetyAttributes
   includeRaiReason language outputOptions addWatermark labels sampleImageSize enhancePrompt editMode editConfig`.split(/\s+/),
)

/** The published table, of the sizes tests ask for. */
const pixels: Readonly<Record<string, readonly [number, number]>> = {
  '1:1': [1024, 1024],
  '1:1 512': [512, 512],
  '1:1 1K': [1024, 1024],
  '16:9 1K': [1376, 768],
  '9:16 2K': [1536, 2752],
  '21:9': [1536, 672],
  '4:5 512': [464, 576],
}

export async function startGoogleDouble({ apiKeys = ['key-1'], publicKey }: GoogleDoubleOptions = {}): Promise<GoogleDouble> {
  const asked: DoubleCall[] = []
  const tokens: string[] = []
  const queue: (DoubleAnswer | 'silence')[] = []

  const exchange = async (call: DoubleCall, origin: string): Promise<DoubleAnswer> => {
    const form = new URLSearchParams(call.body.toString())
    const isRight =
      form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer' &&
      publicKey !== undefined &&
      isSigned(form.get('assertion') ?? '', publicKey, `${origin}/token`)
    if (!isRight) return { status: 400, json: { error: 'invalid_grant' } }
    const access_token = `ya29.token-${tokens.length + 1}`
    tokens.push(access_token)
    return { json: { access_token, expires_in: TOKEN_SECONDS, token_type: 'Bearer' } }
  }

  const vertex = ({ headers, json }: DoubleCall, verb: string): DoubleAnswer => {
    const token = String(headers.authorization).replace('Bearer ', '')
    if (!tokens.includes(token)) return refused(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.')
    return verb === 'predict' ? predict(json) : generate(json, 'VertexRequest')
  }

  const gemini = ({ headers, json }: DoubleCall): DoubleAnswer => {
    if (apiKeys.includes(String(headers['x-goog-api-key']))) return generate(json, 'GenerateContentRequest')
    return refused(400, 'INVALID_ARGUMENT', 'API key not valid.', { reason: 'API_KEY_INVALID' })
  }

  /** By name: what each batch comes to, and how often it was asked about. */
  const batches = new Map<string, { readonly response: JsonObject; asked: number }>()

  const submit = ({ json }: DoubleCall): DoubleAnswer => {
    const problems = googleSpecification.problems('BatchGenerateContentRequest', json)
    if (problems.length > 0) return refused(400, 'INVALID_ARGUMENT', `Invalid JSON payload received. ${problems.join('; ')}`)
    const { batch } = json as { batch: { inputConfig: { requests: { requests: { request: JsonObject }[] } } } }
    const inlinedResponses = batch.inputConfig.requests.requests.map(({ request }) => {
      const { json: answer, status = 200 } = generate(request, 'GenerateContentRequest')
      return status === 200 ? { response: answer } : answer
    })
    const name = `batches/b${batches.size + 1}`
    batches.set(name, { response: { inlinedResponses: { inlinedResponses } } as JsonObject, asked: 0 })
    return { json: { name, metadata: { name, state: 'BATCH_STATE_PENDING' } } }
  }

  /** Runs when it is asked about for the first time, and is done the next time. */
  const batchAt = (path: string): DoubleAnswer => {
    const name = path.replace('/v1beta/', '')
    const batch = batches.get(name)
    if (!batch) return refused(404, 'NOT_FOUND', `${name} was not found.`)
    batch.asked += 1
    if (batch.asked === 1) return { json: { name, metadata: { name, state: 'BATCH_STATE_RUNNING' } } }
    return { json: { name, metadata: { name, state: 'BATCH_STATE_SUCCEEDED' }, done: true, response: batch.response } }
  }

  const answer = (call: DoubleCall): DoubleAnswer => {
    const vertexVerb = /^\/v1\/projects\/[\w-]+\/locations\/[\w-]+\/publishers\/google\/models\/[\w.-]+:(\w+)$/.exec(
      call.path,
    )?.[1]
    if (vertexVerb !== undefined) return vertex(call, vertexVerb)
    if (/^\/v1beta\/models\/[\w.-]+:generateContent$/.test(call.path)) return gemini(call)
    if (/^\/v1beta\/models\/[\w.-]+:batchGenerateContent$/.test(call.path)) return submit(call)
    return refused(404, 'NOT_FOUND', `${call.path} was not found.`)
  }

  const server = await startServer((call, origin) => {
    if (call.path === '/token') return exchange(call, origin)
    if (call.method === 'GET' && call.path.startsWith('/v1beta/batches/')) return batchAt(call.path)
    if (call.method === 'GET') return { json: { models: [{ name: 'models/gemini-3-pro-image' }] } }
    const next = queue.shift()
    if (next === 'silence') return new Promise<never>(() => undefined)
    if (next) return next
    asked.push(call)
    return answer(call)
  })
  return { ...server, asked, tokens, enqueue: (...answers) => void queue.push(...answers) }
}

/** As RFC 7523 and Google have it: signed by the account, meant for this endpoint, for at most an hour. */
function isSigned(assertion: string, publicKey: string, audience: string): boolean {
  const [header = '', claims = '', signature = ''] = assertion.split('.')
  const { iss, aud, iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString() || '{}')
  const verifier = createVerify('RSA-SHA256').update(`${header}.${claims}`)
  return verifier.verify(publicKey, signature, 'base64url') && iss === serviceAccount && aud === audience && exp - iat <= 3600
}

const refused = (code: number, status: string, message: string, detail?: JsonObject): DoubleAnswer => ({
  status: code,
  json: { error: { code, status, message, ...(detail && { details: [detail] }) } },
})

function predict({ parameters }: JsonObject): DoubleAnswer {
  const { sampleCount, ...others } = parameters as JsonObject
  const foreign = Object.keys(others).filter((name) => !imagenParameters.has(name))
  if (foreign.length > 0) return refused(400, 'INVALID_ARGUMENT', `Unknown name "${foreign}"`)
  const picture = { bytesBase64Encoded: base64(1024, 1024), mimeType: 'image/png' }
  return { json: { predictions: Array.from({ length: Number(sampleCount) }, () => picture) } }
}

function generate(body: JsonObject, schema: string): DoubleAnswer {
  const problems = googleSpecification.problems(schema, body)
  if (problems.length > 0) return refused(400, 'INVALID_ARGUMENT', `Invalid JSON payload received. ${problems.join('; ')}`)
  const { contents, generationConfig } = body as unknown as {
    contents: { parts: JsonObject[] }[]
    generationConfig: { imageConfig: JsonObject }
  }
  const { aspectRatio, imageSize } = generationConfig.imageConfig
  const size = pixels[imageSize === undefined ? `${aspectRatio}` : `${aspectRatio} ${imageSize}`]
  if (!size) return refused(400, 'INVALID_ARGUMENT', `No ${aspectRatio} at ${imageSize}.`)
  const images = contents.flatMap(({ parts }) => parts).filter((part) => 'inlineData' in part).length
  const draft = { inlineData: { mimeType: 'image/png', data: base64(64, 64) }, thought: true }
  const picture = { inlineData: { mimeType: 'image/png', data: base64(...size) } }
  const candidates = [{ content: { role: 'model', parts: [draft, picture] }, finishReason: 'STOP', index: 0 }]
  return { json: { candidates, usageMetadata: usageFor(images), modelVersion: 'double', responseId: 'r-1' } }
}

const usageFor = (images: number): JsonObject => ({
  promptTokenCount: 8 + images * 1120,
  candidatesTokenCount: 1120,
  thoughtsTokenCount: 100,
  totalTokenCount: 8 + images * 1120 + 1120 + 100,
  promptTokensDetails: [
    { modality: 'TEXT', tokenCount: 8 },
    ...(images > 0 ? [{ modality: 'IMAGE', tokenCount: images * 1120 }] : []),
  ],
  candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1120 }],
})

const base64 = (width: number, height: number): string => doublePicture(width, height).toString('base64')
