/** Accounts for tests of the engine: one of a codec whose answers say what comes next, one of any OpenAI-compatible server. */
import { onTestFinished } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import type { Resolve } from '../../src/net/public-address.ts'
import type { AttemptResult, Provider } from '../../src/ports/provider.ts'
import {
  type Decoded,
  defineProvider,
  type HttpCall,
  inputReference,
  type ProviderDefinition,
} from '../../src/providers/define-provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { createProvider } from '../../src/providers/index.ts'
import { makeOffer } from '../../src/providers/kit/offers.ts'
import { asObject, asText } from '../../src/providers/kit/read.ts'
import type { ModelConfig, ProviderConfig } from '../../src/providers/provider-config.ts'
import { testClock } from './attempt.ts'

/** A call without a body; what a test does not name is the usual. */
export const call = (method: HttpCall['method'], path: string, more: Partial<HttpCall> = {}): HttpCall => ({
  method,
  path,
  body: { kind: 'none' },
  accept: 'json',
  stream: false,
  ...more,
})

/** A codec of its own dialect: each answer says in `follows` what comes next. */
export const scripted = (changes: Partial<ProviderDefinition> = {}): ProviderDefinition =>
  defineProvider({
    id: 'scripted',
    requiresKey: false,
    auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
    bodyKeys: ['image'],
    offers: (config) => [
      makeOffer(config, 'scripted', {
        model: 'acme/painter',
        wireModel: 'painter',
        capabilities: {
          operations: ['generate', 'edit'],
          sizes: { kind: 'any' },
          defaultSize: { width: 64, height: 48 },
          qualities: [],
          maxN: 1,
          formats: ['png'],
          defaultFormat: 'png',
          backgrounds: [],
          maxInputs: 1,
          mask: false,
          maxPromptChars: 100,
          parameters: [],
          asyncJobs: true,
          cancelStopsBilling: true,
        },
      }),
    ],
    encode: ({ inputs }, _, { webhookUrl }) => ({
      call: call('POST', '/make', {
        body: {
          kind: 'json',
          value: {
            ...(webhookUrl && { webhook: webhookUrl }),
            ...(inputs.length > 0 && { image: inputReference(0, { dataUrl: false }) }),
          },
        },
      }),
      warnings: [],
      state: { step: 'first' },
    }),
    decode: ({ status, body, headers }, { state }): Decoded => {
      if (body.kind !== 'json') return { kind: 'failed', failure: fault(status) }
      const { follows, image: picked, afterMs = 5, billed } = body.value as JsonObject
      const retryAfter = headers['retry-after']
      if (status >= 400) return { kind: 'failed', failure: fault(status, retryAfter, asText(billed)) }
      if (follows === 'upload')
        return { kind: 'next', call: call('PUT', '/upload', { spends: false }), state: { step: 'upload' } }
      if (follows === 'again') return { kind: 'next', call: call('POST', '/again'), state: { after: asObject(state) ?? null } }
      if (follows === 'result')
        return { kind: 'done', images: [{ source: { call: call('GET', '/result.png', { accept: 'image' }) } }] }
      if (follows === 'wait') {
        const poll = call('GET', '/job', { spends: false })
        return {
          kind: 'pending',
          jobId: 'j1',
          poll,
          afterMs: Number(afterMs),
          cancel: call('DELETE', '/job'),
          state: { step: 'job' },
        }
      }
      return { kind: 'done', images: [{ source: { body: (asObject(picked ?? null)?.['$body'] as number) ?? 0 } }] }
    },
    ...changes,
  })

/** The failure an HTTP status stands for. */
export function fault(status: number, retryAfter?: string, billed = 'no') {
  const codes = { 401: 'provider_auth', 402: 'provider_quota', 429: 'provider_rate_limited' } as const
  const code = codes[status as keyof typeof codes] ?? 'provider_error'
  const wait = retryAfter === undefined ? {} : { retryAfterMs: Number(retryAfter) * 1_000 }
  return {
    code,
    message: `answered ${status}`,
    retryable: code === 'provider_rate_limited',
    billed: billed as 'no' | 'unknown',
    ...wait,
  }
}

/** An account of a codec, closed when the test has ended. */
export function account(origin: string, definition = scripted(), changes: Partial<ProviderConfig> = {}): Provider {
  const config: ProviderConfig = { name: 'mine', type: 'scripted', baseUrl: origin, timeoutMs: 2_000, ...changes }
  const provider = createCodecProvider(definition, config, { clock: testClock })
  onTestFinished(() => provider.close())
  return provider
}

export const models: readonly ModelConfig[] = [
  { id: 'sd', model: 'local/sd', capabilities: { maxN: 4, operations: ['generate', 'edit'], maxInputs: 4, mask: true } },
]

/** An account at a server that speaks as OpenAI does, closed when the test has ended. */
export function compatible(origin: string, changes: Partial<ProviderConfig> = {}, resolve?: Resolve): Provider {
  const config: ProviderConfig = {
    name: 'local',
    type: 'openai-compatible',
    baseUrl: `${origin}/v1`,
    apiKey: { reveal: () => 'secret-key' },
    timeoutMs: 5_000,
    models,
    ...changes,
  }
  const provider = createProvider(config, { clock: testClock, ...(resolve ? { resolve } : {}) })
  onTestFinished(() => provider.close())
  return provider
}

export const failureOf = (result: AttemptResult) => (result.kind === 'failed' ? result.failure : undefined)
