/** A trace: one line of JSON per request that was made, with what it cost; read strictly, so that a wrong field is not a silent zero. */
import { HalftoneError } from '../error.ts'
import { type NanoUsd, parseUsd } from '../money.ts'
import { type Operation, operations, parseSize, type Quality, qualities, type Size } from '../request.ts'

export interface TraceRow {
  /** Of a request of the ledger; rows of files have none. */
  readonly id?: string
  readonly atUs: number
  /** As the client named it. */
  readonly model: string
  readonly operation: Operation
  readonly n: number
  readonly size?: Size
  readonly quality?: Quality
  readonly prompt?: string
  /** Input pictures of an edit. */
  readonly inputs: number
  /** Who served it; absent for requests that nobody did. */
  readonly offer?: string
  readonly outcome: 'succeeded' | 'refused' | 'failed'
  readonly latencyMs?: number
  readonly costNanoUsd: NanoUsd
}

const fields = [
  'at',
  'model',
  'operation',
  'n',
  'size',
  'quality',
  'prompt',
  'inputs',
  'offer',
  'outcome',
  'latency_ms',
  'cost_usd',
]
const MOST_PICTURES = 10_000

/** Throws `invalid_value` that names the line and the field. */
export function parseTraceLine(text: string, line: number): TraceRow {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new HalftoneError('invalid_value', `Line ${line} of the trace is not JSON.`, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(line, 'the line', 'an object')
  const row = new Map<string, unknown>(Object.entries(value))
  const unknown = [...row.keys()].find((name) => !fields.includes(name))
  if (unknown !== undefined) throw wrong(line, unknown, `one of ${fields.join(', ')}`)
  const read = <Value>(name: string, parse: (value: unknown) => Value | undefined, says: string): Value | undefined => {
    const found = row.get(name)
    if (found === undefined || found === null) return undefined
    const parsed = parse(found)
    if (parsed === undefined) throw wrong(line, name, says)
    return parsed
  }
  const need = <Value>(found: Value | undefined, name: string, says: string): Value => {
    if (found === undefined) throw wrong(line, name, says)
    return found
  }
  const size = read('size', (it) => (typeof it === 'string' ? parseSize(it) : undefined), 'WIDTHxHEIGHT')
  const quality = read('quality', oneOf(qualities), `one of ${qualities.join(', ')}`)
  const prompt = read('prompt', textOf, 'text')
  const offer = read('offer', textOf, 'the id of an offer')
  const latencyMs = read('latency_ms', numberOf, 'milliseconds')
  return {
    atUs: need(read('at', timeOf, 'an ISO date and time'), 'at', 'an ISO date and time'),
    model: need(read('model', textOf, 'a model or route'), 'model', 'a model or route'),
    operation: read('operation', oneOf(operations), `one of ${operations.join(', ')}`) ?? 'generate',
    n: read('n', countOf, `a whole number from 1 to ${MOST_PICTURES}`) ?? 1,
    inputs: read('inputs', countOf, 'a whole number from 1') ?? 0,
    outcome: read('outcome', oneOf(['succeeded', 'refused', 'failed'] as const), 'succeeded, refused or failed') ?? 'succeeded',
    costNanoUsd: need(read('cost_usd', usdOf, 'USD as text, such as "0.04"'), 'cost_usd', 'USD as text, such as "0.04"'),
    ...(size && { size }),
    ...(quality && { quality }),
    ...(prompt !== undefined && { prompt }),
    ...(offer !== undefined && { offer }),
    ...(latencyMs !== undefined && { latencyMs }),
  }
}

const wrong = (line: number, field: string, says: string): HalftoneError =>
  new HalftoneError('invalid_value', `Line ${line} of the trace: ${field} must be ${says}.`)

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' && value >= 0 ? value : undefined)
const countOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MOST_PICTURES ? value : undefined
const timeOf = (value: unknown): number | undefined => {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms * 1_000
}
const usdOf = (value: unknown): NanoUsd | undefined =>
  typeof value === 'string' && /^-?\d+(\.\d{1,9})?$/.test(value) ? parseUsd(value) : undefined
const oneOf =
  <Word extends string>(words: readonly Word[]) =>
  (value: unknown): Word | undefined =>
    words.find((word) => word === value)
