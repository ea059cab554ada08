/**
 * The names of OpenTelemetry's semantic conventions for generative AI (v1.41 and later, still in development) and our own beside them.
 * They change between versions, so they stand in this file alone. https://opentelemetry.io/docs/specs/semconv/gen-ai/
 */

import { MICRO } from '../core/usage.ts'
import type { FinishedCall, ReservedCall } from '../gateway/conclude.ts'
import type { TraceAttributes } from '../ports/tracer.ts'

/** The conventions have no operation for pictures alone; this is the multimodal one, told apart by the output type. */
const OPERATION = 'generate_content'

export const names = {
  duration: 'gen_ai.client.operation.duration',
  tokens: 'gen_ai.client.token.usage',
  tokenType: 'gen_ai.token.type',
  cost: 'halftone.client.cost',
  images: 'halftone.client.images',
  prompt: 'gen_ai.input.messages',
  errorType: 'error.type',
} as const

/** Bucket boundaries that the conventions ask for. Seconds. */
export const durationBuckets = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
export const tokenBuckets = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864]

export const spanName = ({ candidate }: ReservedCall): string => `${OPERATION} ${candidate.offer.wireModel}`

/** Of spans and metrics alike: values the operator configured, so there are few. */
export const callAttributes = ({ candidate }: ReservedCall, providerName: string): TraceAttributes => ({
  'gen_ai.operation.name': OPERATION,
  'gen_ai.provider.name': providerName,
  'gen_ai.request.model': candidate.offer.wireModel,
  'halftone.offer': candidate.offer.id,
})

export const spanAttributes = ({ attempt, call }: ReservedCall): TraceAttributes => ({
  'gen_ai.output.type': 'image',
  'gen_ai.request.choice.count': call.n > 1 ? call.n : undefined,
  'halftone.request.id': attempt.requestId,
  'halftone.attempt.id': attempt.id,
  'halftone.attempt.kind': attempt.kind,
  'halftone.attempt.sequence': attempt.sequence,
  'halftone.cost.expected_usd': usd(attempt.expectedNanoUsd),
})

/** Only where the operator wants contents. */
export const promptAttributes = (prompt: string): TraceAttributes => ({
  [names.prompt]: JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: prompt }] }]),
})

export function outcomeAttributes({ reserved, result, settlement, outcome, record }: FinishedCall): TraceAttributes {
  const tokens = tokensOf(result)
  return {
    'gen_ai.response.model': result.kind === 'done' ? reserved.candidate.offer.wireModel : undefined,
    'gen_ai.response.id': result.evidence.providerRequestId,
    'gen_ai.usage.input_tokens': tokens?.input,
    'gen_ai.usage.output_tokens': tokens?.output,
    'http.response.status_code': result.evidence.httpStatus,
    'halftone.outcome': outcome,
    'halftone.images': record.imagesMade,
    'halftone.cost.usd': settlement.kind === 'charged' ? usd(settlement.totalNanoUsd) : undefined,
    'halftone.cost.status': settlement.kind === 'charged' ? settlement.provenance : settlement.kind,
  }
}

/** Undefined: the provider does not count in tokens. */
export function tokensOf(result: FinishedCall['result']): { readonly input: number; readonly output: number } | undefined {
  const usage = result.kind === 'done' ? result.usage : result.failure.usage
  if (!usage) return undefined
  const sum = (direction: 'in' | 'out'): number => {
    const counted = Object.entries(usage).filter(([meter]) => meter.startsWith('tokens.') && meter.split('.').includes(direction))
    return Number(counted.reduce((total, [, quantity]) => total + quantity, 0n) / MICRO)
  }
  const [input, output] = [sum('in'), sum('out')]
  return input + output === 0 ? undefined : { input, output }
}

/** Telemetry counts in floating point; the ledger holds the exact amount. */
export const usd = (nanoUsd: bigint): number => Number(nanoUsd) / 1e9
