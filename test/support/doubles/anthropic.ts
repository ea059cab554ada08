/** Claude's Messages API, as far as drawings need it: refuses what it does not know, counts tokens, stops when told. */
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { type DoubleAnswer, type DoubleCall, type DoubleServer, startServer } from './server.ts'

export const anthropicKey = 'sk-ant-double'

/** Members of MessageCreateParams in @anthropic-ai/sdk 1.12.0. */
const known: ReadonlySet<string> = new Set(
  `max_tokens messages model cache_control container inference_geo metadata output_config service_tier stop_sequences stream
   system temperature thinking tool_choice tools top_k top_p`.split(/\s+/),
)

export interface AnthropicScript {
  /** What Claude writes. */
  readonly text: string
  readonly stopReason?: string
}

const refused = (status: number, type: string, message: string): DoubleAnswer => ({
  status,
  json: { type: 'error', error: { type, message }, request_id: 'req_1' },
})

/** About four characters to a token. */
const tokensOf = (text: string): number => Math.ceil(text.length / 4)

export async function startAnthropic({ text, stopReason = 'end_turn' }: AnthropicScript): Promise<DoubleServer> {
  const messages = ({ json }: DoubleCall): DoubleAnswer => {
    const foreign = Object.keys(json).filter((name) => !known.has(name))
    if (foreign.length > 0) return refused(400, 'invalid_request_error', `${foreign[0]}: Extra inputs are not permitted`)
    const { max_tokens: most, messages: turns, model, system = '' } = json
    if (!Number.isInteger(most) || !Array.isArray(turns) || turns.length === 0)
      return refused(400, 'invalid_request_error', 'max_tokens: Field required')
    const isCut = tokensOf(text) > Number(most)
    const usage: JsonObject = {
      input_tokens: tokensOf(String(system) + JSON.stringify(turns)),
      output_tokens: Math.min(tokensOf(text), Number(most)),
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      service_tier: 'standard',
    }
    const content: JsonValue = [{ type: 'text', text: isCut ? text.slice(0, Number(most) * 4) : text, citations: null }]
    const stop_reason = isCut ? 'max_tokens' : stopReason
    const ids = { id: 'msg_1', type: 'message', role: 'assistant', model: model ?? null }
    return { json: { ...ids, content, stop_reason, stop_sequence: null, usage } }
  }
  return startServer((call) => {
    if (call.headers.authorization !== `Bearer ${anthropicKey}`)
      return refused(401, 'authentication_error', 'invalid bearer token')
    if (call.headers['anthropic-version'] !== '2026-10-21')
      return refused(400, 'invalid_request_error', 'anthropic-version: header is required')
    if (call.method === 'GET' && call.path === '/v1/models')
      return { json: { data: [{ id: 'claude-opus-5-5' }], has_more: false } }
    if (call.method === 'POST' && call.path === '/v1/messages') return messages(call)
    return refused(404, 'not_found_error', 'Not found')
  })
}
