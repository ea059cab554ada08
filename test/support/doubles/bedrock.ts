/**
 * Amazon Bedrock's runtime as its documentation has it: checks the signature of each call by its own reckoning, the model's id, and
 * that a body has the members of the model and no others.
 */
import { createHash, createHmac } from 'node:crypto'
import { doublePicture } from '../double-picture.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'

export const awsKey = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', session: 'session/token+==' }
export const bedrockApiKey = 'ABSKexample'
const REGION = 'eu-test-1'

/** Required members, then optional ones, by model id without its profile: docs.aws.amazon.com, "Stability AI Image Services". */
const shared = 'negative_prompt seed output_format'
const members: Readonly<Record<string, readonly [string, string]>> = {
  'stability.stable-image-core-v1:1': ['prompt', `aspect_ratio mode ${shared}`],
  'stability.stable-image-ultra-v1:1': ['prompt', `aspect_ratio mode ${shared}`],
  'stability.sd3-5-large-v1:0': ['prompt', `aspect_ratio mode image strength ${shared}`],
  'stability.stable-creative-upscale-v1:0': ['prompt image', `creativity style_preset ${shared}`],
  'stability.stable-conservative-upscale-v1:0': ['prompt image', `creativity ${shared}`],
  'stability.stable-fast-upscale-v1:0': ['image', 'output_format'],
  'stability.stable-image-inpaint-v1:0': ['prompt image', `mask grow_mask style_preset ${shared}`],
  'stability.stable-outpaint-v1:0': ['image', 'prompt left right up down creativity style_preset seed output_format'],
  'stability.stable-image-search-recolor-v1:0': ['prompt image select_prompt', `grow_mask style_preset ${shared}`],
  'stability.stable-image-search-replace-v1:0': ['prompt image search_prompt', `grow_mask style_preset ${shared}`],
  'stability.stable-image-erase-object-v1:0': ['image', 'mask grow_mask seed output_format'],
  'stability.stable-image-remove-background-v1:0': ['image', 'output_format'],
  'stability.stable-image-control-sketch-v1:0': ['prompt image', `control_strength style_preset ${shared}`],
  'stability.stable-image-control-structure-v1:0': ['prompt image', `control_strength style_preset ${shared}`],
  'stability.stable-image-style-guide-v1:0': ['prompt image', `aspect_ratio fidelity style_preset ${shared}`],
  'stability.stable-style-transfer-v1:0': [
    'init_image style_image',
    `prompt composition_fidelity style_strength change_strength ${shared}`,
  ],
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest()

/** Signature Version 4 as AWS describes it; undefined when the call is signed by the account of `awsKey`. */
function signatureProblem({ method, path, headers, body }: DoubleCall): string | undefined {
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/bedrock\/aws4_request, SignedHeaders=(\S+), Signature=(\w+)$/.exec(
      headers.authorization ?? '',
    )
  if (!found) return 'the call is not signed'
  const [, id, day = '', region = '', names = '', signature] = found
  if (id !== awsKey.id || region !== REGION) return 'the key or the region is another one'
  if (!names.split(';').includes('host')) return 'the host is not signed'
  if (headers['x-amz-security-token'] !== undefined && !names.split(';').includes('x-amz-security-token')) return 'unsigned token'
  const date = String(headers['x-amz-date'])
  const canonical = [
    method,
    path.split('/').map(encodeURIComponent).join('/'),
    '',
    ...names.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    names,
    sha256(body),
  ].join('\n')
  const scope = `${day}/${region}/bedrock/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')
  const key = [region, 'bedrock', 'aws4_request'].reduce(hmac, hmac(`AWS4${awsKey.secret}`, day))
  if (
    Math.abs(Date.now() - Date.parse(date.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z'))) > 300_000
  ) {
    return 'the signature has expired'
  }
  return hmac(key, toSign).toString('hex') === signature ? undefined : 'the signature does not match'
}

const error = (status: number, type: string, message: string): DoubleAnswer => ({
  status,
  headers: { 'x-amzn-errortype': type },
  json: { message },
})

export const startBedrock = (): Promise<DoubleServer & { readonly region: string }> =>
  startServer((call) => {
    const { method, path, headers, json } = call
    const problem = headers.authorization === `Bearer ${bedrockApiKey}` ? undefined : signatureProblem(call)
    if (problem) return error(403, 'InvalidSignatureException', problem)
    const id = decodeURIComponent(/^\/model\/([^/]+)\/invoke$/.exec(path)?.[1] ?? '').replace(/^us\./, '')
    const known = members[id]
    if (!known) return error(404, 'ResourceNotFoundException', 'Could not resolve the foundation model')
    if (method !== 'POST') return error(405, 'MethodNotAllowedException', 'POST')
    const [required, optional] = known.map((names) => names.split(' ')) as [string[], string[]]
    const missing = required.filter((name) => json[name] === undefined)
    const unknown = Object.keys(json).filter((name) => !required.includes(name) && !optional.includes(name))
    if (missing.length > 0) return error(400, 'ValidationException', `required key [${missing.join(', ')}] not found`)
    if (unknown.length > 0) return error(400, 'ValidationException', `extraneous key [${unknown.join(', ')}] is not permitted`)
    return { json: { seeds: [42], finish_reasons: [null], images: [doublePicture(1024, 1024).toString('base64')] } }
  }).then((server) => Object.assign(server, { region: REGION }))
