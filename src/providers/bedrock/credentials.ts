/**
 * How an account proves itself to AWS: an access key as `ACCESS_KEY_ID:SECRET[:SESSION_TOKEN]`, with which each call is signed
 * (Signature Version 4), or a Bedrock API key, which is sent as it is.
 */
import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import { HalftoneError } from '../../core/error.ts'
import type { Authorizer, AuthorizerDeps, CallToAuthorize } from '../define-provider.ts'

const SERVICE = 'bedrock'

export interface AwsAccount {
  /** The name under `providers`, for errors. */
  readonly name: string
  readonly region: string
}

/** Throws `config_invalid` for a key that is neither form. */
export function createAwsAuthorizer(
  key: string | undefined,
  { name, region }: AwsAccount,
  { nowUs }: Pick<AuthorizerDeps, 'nowUs'>,
): Authorizer {
  const text = key?.trim()
  // AWS makes no part of an access key, and no API key, with a colon in it.
  if (!text?.includes(':')) {
    const headers = text === undefined ? {} : { authorization: `Bearer ${text}` }
    return { authorize: () => Promise.resolve(headers) }
  }
  const signer = new SignatureV4({ service: SERVICE, region, credentials: accessKey(text, name), sha256: Sha256 })
  return {
    async authorize(call) {
      const signed = await signer.sign(await requestOf(call), { signingDate: new Date(nowUs() / 1000) })
      const { host: _, ...headers } = signed.headers
      return headers
    },
  }
}

function accessKey(text: string, account: string): { accessKeyId: string; secretAccessKey: string; sessionToken?: string } {
  const [accessKeyId, secretAccessKey, sessionToken, ...more] = text.split(':')
  if (!accessKeyId || !secretAccessKey || sessionToken === '' || more.length > 0) {
    const message = `providers.${account}.apiKey: write ACCESS_KEY_ID:SECRET, ACCESS_KEY_ID:SECRET:SESSION_TOKEN or a Bedrock API key.`
    throw new HalftoneError('config_invalid', message)
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
}

/** Only what nothing on the way changes is signed: host, type and digest of the body. */
async function requestOf({ method, url, headers, bodySha256 }: CallToAuthorize) {
  const type = headers['content-type']
  return {
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: {
      host: url.host,
      ...(type === undefined ? {} : { 'content-type': type }),
      'x-amz-content-sha256': await bodySha256(),
    },
  }
}

/** What the signer hashes with. */
class Sha256 {
  readonly #secret: string | Uint8Array | undefined
  #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined || typeof secret === 'string' ? secret : bytesOf(secret)
    this.#hash = this.#fresh()
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk)
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }

  reset(): void {
    this.#hash = this.#fresh()
  }

  #fresh() {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret)
  }
}

const bytesOf = (source: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source)
