// @ts-check
/**
 * A provider type of one's own: Acme Pictures, whose API works in jobs. It is a codec, data and pure functions; Halftone sends,
 * polls, downloads, cancels and keeps the books. docs/guide/add-a-provider.md explains each member.
 */

const id = 'acme-pictures'

/** What every model of Acme can do; each adds its own below. */
const common = {
  sizes: { kind: 'area', multipleOf: 8, minEdge: 64, maxEdge: 2048, minPixels: 4096, maxPixels: 4194304, maxAspect: 4 },
  defaultSize: { width: 1024, height: 1024 },
  qualities: [],
  maxN: 1,
  formats: ['png'],
  defaultFormat: 'png',
  backgrounds: [],
  mask: false,
  maxPromptChars: 2000,
  asyncJobs: true,
  cancelStopsBilling: true,
}

const models = {
  brush: {
    ...common,
    operations: ['generate', 'edit'],
    maxInputs: 1,
    controls: ['canny', 'depth'],
    styles: ['ink', 'oil'],
    parameters: ['seed', 'style', 'strength', 'outpaint'],
  },
  scissors: { ...common, operations: ['remove_background'], maxInputs: 1, parameters: [] },
}

/** @type {(method: 'GET' | 'POST' | 'DELETE', path: string, value?: any) => any} */
const call = (method, path, value) => ({
  method,
  path,
  body: value ? { kind: 'json', value } : { kind: 'none' },
  accept: 'json',
  stream: false,
  // Asking and cancelling cost nothing.
  ...(method === 'POST' ? {} : { spends: false }),
})

/** Stands for the input image of this position; its bytes are put there while the call is sent. */
const picture = (/** @type {number} */ index) => ({ $input: index, dataUrl: true })

/** @type {import('halftone').ProviderDefinition} */
export default {
  id,
  baseUrl: 'https://api.acme.example/v1',
  keyVariables: ['ACME_PICTURES_KEY'],
  requiresKey: true,
  auth: (apiKey) => ({ 'x-acme-key': apiKey }),
  bodyKeys: [],

  offers: ({ name }) =>
    Object.entries(models).map(([model, capabilities]) => ({
      id: `${name}:acme/${model}`,
      provider: name,
      providerType: id,
      model: `acme/${model}`,
      wireModel: model,
      capabilities: /** @type {any} */ (capabilities),
      sandbox: false,
    })),

  encode(request, { offer, settings }, { webhookUrl }) {
    const { inputs, seed, style, strength, outpaint } = request
    const base = inputs.findIndex(({ role }) => role === 'image')
    const control = inputs.findIndex(({ role }) => role === 'control')
    const value = {
      model: offer.wireModel,
      prompt: request.prompt,
      width: settings.size.width,
      height: settings.size.height,
      ...(base >= 0 && { image: picture(base) }),
      ...(control >= 0 && {
        guide: { image: picture(control), kind: inputs[control]?.control, weight: inputs[control]?.controlStrength ?? 1 },
      }),
      ...(outpaint && { margins: { ...outpaint } }),
      ...(seed !== undefined && { seed }),
      ...(style !== undefined && { look: style }),
      ...(strength !== undefined && { strength }),
      ...(webhookUrl && { callback: webhookUrl }),
    }
    return { call: call('POST', '/jobs', value), warnings: [] }
  },

  decode({ status, headers, body }) {
    const answer = /** @type {any} */ (body.kind === 'json' ? body.value : {})
    if (status >= 400) return { kind: 'failed', failure: failureOf(status, answer, headers) }
    switch (answer.status) {
      case 'queued':
      case 'drawing':
        return {
          kind: 'pending',
          jobId: String(answer.id),
          poll: call('GET', `/jobs/${answer.id}`),
          cancel: call('DELETE', `/jobs/${answer.id}`),
          afterMs: Number(answer.wait_ms ?? 1000),
        }
      case 'done':
        return {
          kind: 'done',
          images: [{ source: { url: String(answer.url) } }],
          usage: { 'images.out': 1_000_000n },
          ...(typeof answer.cost === 'string' && { reportedCost: { unit: 'USD', amount: answer.cost, source: 'cost' } }),
        }
      case 'cancelled':
        return {
          kind: 'failed',
          failure: { code: 'cancelled', message: 'Acme cancelled the job.', retryable: false, billed: 'no' },
        }
      case 'refused':
        return {
          kind: 'failed',
          // Acme looks at the finished picture, and bills it.
          failure: {
            code: 'content_refused',
            message: String(answer.reason),
            retryable: false,
            billed: 'yes',
            stage: 'after',
            usage: { 'images.out': 1_000_000n },
          },
        }
      default:
        return {
          kind: 'failed',
          failure: { code: 'provider_error', message: 'Acme failed.', retryable: true, billed: 'no' },
        }
    }
  },

  probe: () => ({
    call: call('GET', '/account'),
    decode: ({ status }) => ({ ok: status === 200, message: status === 200 ? 'Acme knows the key' : `Acme answered ${status}` }),
  }),

  facts: {
    reportsCost: '`cost` of a finished job, in USD.',
    refusals: 'A picture that is refused once it is drawn is billed.',
    documentation: 'https://api.acme.example/docs',
  },
}

/** @type {Record<number, 'provider_auth' | 'provider_quota' | 'provider_rate_limited' | 'provider_rejected'>} */
const codes = { 400: 'provider_rejected', 401: 'provider_auth', 402: 'provider_quota', 429: 'provider_rate_limited' }

/** @type {(status: number, answer: any, headers: Readonly<Record<string, string>>) => any} */
const failureOf = (status, answer, headers) => ({
  code: codes[status] ?? 'provider_error',
  message: String(answer.error ?? `Acme answered ${status}.`),
  retryable: status === 429 || status >= 500,
  billed: 'no',
  ...(headers['retry-after'] && { retryAfterMs: Number(headers['retry-after']) * 1000 }),
})
