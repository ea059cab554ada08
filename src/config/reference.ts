/** The reference of keys and variables as Markdown, from the schema itself. */
import { clientVariables } from './client-environment.ts'
import { flagName, type Setting, settings } from './environment.ts'
import { configJsonSchema, type JsonSchema } from './schema-keys.ts'

export interface ReferenceKey {
  /** `providers.<name>.timeoutMs`, `budgets[].id`. */
  readonly path: string
  readonly type: string
  /** As JSON; undefined when there is none. */
  readonly default: string | undefined
  readonly description: string
}

/** What stands for a free name in paths. */
const freeNames: Readonly<Record<string, string>> = { prices: '<model>', headers: '<header>', aliases: '<alias>', tags: '<tag>' }

/** Every documented key, parents before children, in the order of the schema. */
export function referenceKeys(): readonly ReferenceKey[] {
  return Object.entries(configJsonSchema().properties ?? {}).flatMap(([key, schema]) => keysOf(key, schema))
}

function keysOf(path: string, schema: JsonSchema): ReferenceKey[] {
  if (schema.description === undefined) return []
  const fallback = schema.default === undefined || isEmptyObject(schema.default) ? undefined : JSON.stringify(schema.default)
  const own: ReferenceKey = { path, type: typeOf(schema), default: fallback, description: schema.description }
  return [own, ...childrenOf(path, schema)]
}

const isEmptyObject = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0

function childrenOf(path: string, schema: JsonSchema): ReferenceKey[] {
  const properties = Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => keysOf(`${path}.${key}`, inner))
  const name = freeNames[path.split('.').at(-1) ?? ''] ?? '<name>'
  const inner = typeof schema.additionalProperties === 'object' ? childrenOf(`${path}.${name}`, schema.additionalProperties) : []
  const items = schema.items ? childrenOf(`${path}[]`, schema.items) : []
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((choice) => childrenOf(path, choice))
  return [...properties, ...inner, ...items, ...choices]
}

function typeOf(schema: JsonSchema): string {
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return [...new Set(choices.map(typeOf))].join(' or ')
  const allowed = schema['enum'] ?? (schema['const'] === undefined ? undefined : [schema['const']])
  if (Array.isArray(allowed)) return allowed.length > 8 ? 'one of a list' : allowed.map((value) => `\`${value}\``).join(', ')
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`
  const words: Readonly<Record<string, string>> = { string: 'text', integer: 'whole number', object: 'mapping' }
  return words[schema.type ?? ''] ?? schema.type ?? 'any'
}

const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
}

/** One table per top-level key. */
export function keysMarkdown(): string {
  const keys = referenceKeys()
  const sections = [...new Set(keys.map(({ path }) => path.split(/[.[]/)[0] ?? ''))]
  return sections
    .map((section) => {
      const rows = keys.filter(({ path }) => path.split(/[.[]/)[0] === section)
      const cells = rows.map((key) => [
        `\`${key.path}\``,
        key.type,
        key.default === undefined ? '' : `\`${key.default}\``,
        key.description,
      ])
      return `### ${section}\n\n${table(['key', 'type', 'default', 'meaning'], cells)}`
    })
    .join('\n\n')
}

/** The environment variables and flags; keys of providers are in the providers' reference. */
export function variablesMarkdown(): string {
  const all: readonly Setting[] = settings
  const own = all.map(({ variable, flag, path, description }) => [
    `\`${variable}\``,
    flag ? `\`${flagName(flag)}\`` : '',
    path ? `\`${path.join('.')}\`` : '',
    description,
  ])
  const client = Object.entries(clientVariables).map(([variable, description]) => [`\`${variable}\``, '', '', description])
  return table(['variable', 'flag', 'key', 'meaning'], [...own, ...client])
}

/** `document` with the text between `<!-- name -->` and `<!-- /name -->` replaced. Throws when the marks are not there. */
export function withSection(document: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const from = document.indexOf(start)
  const to = document.indexOf(end)
  if (from < 0 || to < from) throw new Error(`The document has no section ${start} ... ${end}.`)
  return `${document.slice(0, from + start.length)}\n\n${content}\n\n${document.slice(to)}`
}
