/** The generated parts of the API reference, from the tables that the server itself runs on. */
import { z } from 'zod'
import { type Endpoint, type EndpointName, endpoints } from '../src/contract/endpoints.ts'
import { requestHeaders, responseHeaders } from '../src/contract/headers.ts'
import {
  editRequest,
  generationRequest,
  halftoneOptions,
  halftoneResult,
  removeBackgroundRequest,
  upscaleRequest,
  variationRequest,
} from '../src/contract/images.ts'
import { mayDo, type Permission, permissions, roles } from '../src/core/access/roles.ts'
import { errorCatalogue } from '../src/core/error.ts'
import { warningCodes } from '../src/core/offer.ts'
import { attemptKinds, attemptStates, chargeKinds, outcomes, provenances } from '../src/core/outcome.ts'
import { meters } from '../src/core/usage.ts'

/** A page under docs/reference and its marked sections. */
export const generatedPages: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  'api.md': {
    endpoints: endpointsTable,
    parameters: parametersTable,
    'request-headers': () => headersTable(requestHeaders),
    'response-headers': () => headersTable(responseHeaders),
    'halftone-options': () => schemaTable(halftoneOptions, 'input'),
    'halftone-result': () => schemaTable(halftoneResult, 'output'),
  },
  'errors.md': { errors: errorsTable, warnings: warningsTable },
  '../guide/roles.md': { permissions: permissionsTable },
  'terms.md': { meters: metersTable, values: valuesTable },
}

const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
}

const code = (text: string): string => `\`${text}\``

const accessText = (access: Endpoint['access']): string => {
  if (access === 'none') return 'none'
  if (access === 'inference') return 'any'
  return access === 'admin' ? 'the role admin' : code(access)
}

function endpointsTable(): string {
  const rows = (Object.entries(endpoints) as [EndpointName, Endpoint][]).map(([, { method, path, access, summary }]) => [
    code(`${method} ${path}`),
    accessText(access),
    summary,
  ])
  return table(['endpoint', 'permission', 'what'], rows)
}

function permissionsTable(): string {
  const rows = (Object.entries(permissions) as [Permission, string][]).map(([name, meaning]) => [
    code(name),
    meaning,
    ...roles.map((role) => (mayDo(role, name) ? 'yes' : '')),
  ])
  return table(['permission', 'what it lets one do', ...roles.map(code)], rows)
}

const headersTable = (headers: Readonly<Record<string, string>>): string =>
  table(
    ['header', 'meaning'],
    Object.entries(headers).map(([name, meaning]) => [code(name), meaning]),
  )

/** The image endpoints, by the last part of their paths. */
const imageRequests = {
  generations: generationRequest,
  edits: editRequest,
  variations: variationRequest,
  upscale: upscaleRequest,
  'remove-background': removeBackgroundRequest,
} as const

/** All image endpoints in one table, with where a parameter is taken. */
function parametersTable(): string {
  const fields = Object.entries(imageRequests).map(([path, schema]) => ({ path, fields: fieldsOf(schema, 'input') }))
  const names = [...new Set(fields.flatMap((endpoint) => [...endpoint.fields.keys()]))]
  const rows = names.map((name) => {
    const takers = fields.filter((endpoint) => endpoint.fields.has(name))
    const field = takers[0]?.fields.get(name)
    const where = takers.length === fields.length ? '' : takers.map(({ path }) => path).join(', ')
    return [code(name), field?.type ?? '', where, field?.description ?? '']
  })
  return table(['parameter', 'values', 'only on', 'meaning'], rows)
}

function schemaTable(schema: z.ZodType, io: 'input' | 'output'): string {
  const rows = [...fieldsOf(schema, io)].map(([name, { type, description }]) => [code(name), type, description])
  return table(['field', 'values', 'meaning'], rows)
}

interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly items?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly description?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
}

interface Field {
  readonly type: string
  readonly description: string
}

function fieldsOf(schema: z.ZodType, io: 'input' | 'output'): ReadonlyMap<string, Field> {
  // The same document by a narrower type: only what is read here.
  const { properties = {} } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema
  return new Map(Object.entries(properties).map(([name, field]) => [name, describe(field)]))
}

function describe(schema: JsonSchema): Field {
  // `null` counts as absent everywhere, which the page says once.
  const inner = schema.anyOf?.filter((choice) => choice.type !== 'null') ?? [schema]
  const description = schema.description ?? inner.find((choice) => choice.description)?.description ?? ''
  return { type: inner.map(typeOf).join(' or '), description }
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(', ')
  const type = typeof schema.type === 'object' ? schema.type.find((name) => name !== 'null') : schema.type
  if (type === 'array') return `list of ${typeOf(schema.items ?? {})}`
  if (type === 'integer') return `whole number${range(schema.minimum, schema.maximum)}`
  if (type === 'number') return `number${range(schema.minimum, schema.maximum)}`
  if (type === 'object') {
    const names = Object.keys(schema.properties ?? {})
    return names.length > 0 ? `object with ${names.map(code).join(', ')}` : 'object'
  }
  if (type === 'string') {
    if (schema.pattern?.includes('x[1-9]')) return '`auto` or WIDTHxHEIGHT'
    if (schema.pattern?.includes(':')) return 'WIDTH:HEIGHT'
    if (schema.pattern) return 'decimal text'
    return schema.maxLength === undefined ? 'text' : `text, at most ${schema.maxLength} characters`
  }
  return words[type ?? ''] ?? type ?? 'any'
}

const words: Readonly<Record<string, string>> = { boolean: '`true`, `false`' }

/** Bounds a reader cares about: not those of the number type itself. */
const range = (minimum: number | undefined, maximum: number | undefined): string =>
  minimum === undefined || maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? '' : `, ${minimum} to ${maximum}`

function errorsTable(): string {
  const rows = Object.entries(errorCatalogue).map(([name, { status, type, retryable, remedy }]) => [
    code(name),
    String(status),
    code(type),
    retryable ? 'yes' : 'no',
    remedy,
  ])
  return table(['code', 'status', 'type', 'retryable', 'remedy'], rows)
}

function warningsTable(): string {
  const rows = Object.entries(warningCodes).map(([name, meaning]) => [code(name), meaning])
  return table(['code', 'meaning'], rows)
}

function metersTable(): string {
  const rows = Object.entries(meters).map(([name, meaning]) => [code(name), meaning])
  return table(['meter', 'counts'], rows)
}

function valuesTable(): string {
  const lists = {
    'outcome of a request or an attempt': outcomes,
    'kind of an attempt': attemptKinds,
    'state of an attempt': attemptStates,
    'kind of a charge': chargeKinds,
    'provenance of a charge, weakest first': provenances,
  }
  return table(
    ['field', 'values'],
    Object.entries(lists).map(([name, values]) => [name, values.map(code).join(', ')]),
  )
}
