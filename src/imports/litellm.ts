/**
 * LiteLLM's spend logs: `GET /spend/logs` or `/spend/logs/v2`, or rows of its table `LiteLLM_SpendLogs`. `spend` is what LiteLLM worked out from its own
 * price map, so it counts as estimated. Source: field names of LiteLLM's schema, read 2026-11-22.
 */
import type { ImportRow } from '../contract/imports.ts'
import { type Fields, fieldsOf, ImportReader, optionalText } from './reader.ts'
import type { ImportFile, ImportFormat } from './types.ts'

export const litellm: ImportFormat = {
  id: 'litellm',
  summary: 'LiteLLM: the answer of /spend/logs or /spend/logs/v2; only calls that make or edit pictures',
  parse(files) {
    const reader = new ImportReader()
    for (const file of files) {
      for (const [index, log] of reader.list(file, reader.json(file), ['data', 'spend_logs']).entries()) {
        addLog(reader, file, `[${index}]`, log)
      }
    }
    return reader.done()
  },
}

function addLog(reader: ImportReader, file: ImportFile, place: string, log: Fields): undefined {
  const call = reader.text(file, place, log, 'call_type')
  if (call === undefined) return
  if (!/image/i.test(call)) return reader.skip(call)
  const id = reader.text(file, place, log, 'request_id')
  const model = reader.text(file, place, log, 'model')
  const at = reader.time(file, `${place}.startTime`, log['startTime'])
  const amount = reader.amount(file, `${place}.spend`, log['spend'])
  if (id === undefined || model === undefined || at === undefined || amount === undefined) return
  const failed = /fail/i.test(optionalText(log['status']) ?? '')
  const customer = optionalText(log['end_user'])
  const tags = tagsOf(log)
  const durationMs = durationOf(at, log['endTime'])
  const row: ImportRow = {
    evidence_id: id.slice(0, 200),
    at,
    provider: optionalText(log['custom_llm_provider']) ?? 'litellm',
    model: optionalText(log['model_group']) ?? model,
    operation: /edit/i.test(call) ? 'edit' : 'generate',
    images: failed ? 0 : picturesOf(log),
    amount_usd: amount,
    provenance: 'estimated',
    requests: 1,
    outcome: failed ? 'error' : 'succeeded',
    ...(durationMs !== undefined && { duration_ms: durationMs }),
    ...(customer !== undefined && { end_customer: customer.slice(0, 256) }),
    ...(tags && { tags }),
  }
  reader.rows.push(row)
}

/** Where responses are kept the pictures can be counted; else a call counts as one. */
function picturesOf(log: Fields): number {
  const data = fieldsOf(log['response'])['data']
  return Array.isArray(data) && data.length > 0 ? data.length : 1
}

function durationOf(at: string, end: unknown): number | undefined {
  const reader = new ImportReader()
  const until = reader.time({ name: '', text: '' }, '', end)
  const ms = until === undefined ? 0 : Date.parse(until) - Date.parse(at)
  return ms > 0 && ms <= 86_400_000 ? ms : undefined
}

/** Request tags are words; `word` and `name:value` become tags of ours. */
function tagsOf(log: Fields): Readonly<Record<string, string>> | undefined {
  const value = log['request_tags']
  const words = Array.isArray(value) ? value.filter((word) => typeof word === 'string' && word !== '') : []
  const team = optionalText(log['team_id'])
  const pairs = words.slice(0, 9).map((word: string) => {
    const colon = word.indexOf(':')
    return colon > 0 ? [word.slice(0, Math.min(colon, 64)), word.slice(colon + 1, colon + 257)] : [word.slice(0, 64), 'yes']
  })
  if (team !== undefined) pairs.push(['litellm_team', team.slice(0, 256)])
  return pairs.length > 0 ? Object.fromEntries(pairs) : undefined
}
