/** Workflows in ComfyUI's API format with named places: `{{prompt}}`, `{{steps=20}}`. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { asObject, asText } from '../kit/read.ts'

export interface Workflow {
  readonly graph: JsonObject
  /** Places that occur in it. */
  readonly names: ReadonlySet<string>
}

/** What is put into the places; one that is absent takes its default. */
export type PlaceValues = Readonly<Record<string, JsonValue | undefined>>

/** Always known when a call is made. */
const certain: ReadonlySet<string> = new Set(['prompt', 'negative_prompt', 'seed', 'width', 'height', 'n', 'mask', 'control'])
const ownNames: ReadonlySet<string> = new Set([...certain, 'steps', 'guidance', 'strength', 'control_strength'])

/** `image`, `image_2`, ... */
const imagePlace = /^image(_([2-9]|[1-9]\d))?$/

export const isOwnName = (name: string): boolean => ownNames.has(name) || imagePlace.test(name)
export const isImagePlace = (name: string): boolean => imagePlace.test(name)
export const imagePlaceOf = (index: number): string => (index === 0 ? 'image' : `image_${index + 1}`)

const PLACE = /\{\{\s*([a-z][a-z0-9_]*)\s*(?:=([^{}]*))?\}\}/g
const WHOLE = new RegExp(`^${PLACE.source}$`)

/** A workflow as the operator wrote it: JSON text or the object itself. Texts are what is wrong with it. */
export function readWorkflow(value: JsonValue): Workflow | string {
  const graph = asObject(typeof value === 'string' ? parsed(value) : value)
  if (!graph) return 'is not JSON; places such as "{{seed}}" stand in quotes'
  const nodes = Object.entries(graph)
  if (nodes.length === 0) return 'has no nodes'
  const wrong = nodes.find(([, node]) => asText(asObject(node)?.['class_type']) === undefined)
  if (wrong) return `is not in API format: node ${wrong[0]} has no class_type (export it with "Export (API)")`
  const names = new Set<string>()
  const problems: string[] = []
  eachText(graph, (text) => {
    for (const [, name = '', fallback] of text.matchAll(PLACE)) {
      names.add(name)
      if (fallback === undefined && !certain.has(name) && !imagePlace.test(name))
        problems.push(`{{${name}}} needs a default, such as {{${name}=...}}`)
    }
    if (/\{\{|\}\}/.test(text.replace(PLACE, ''))) problems.push(`"${text.slice(0, 40)}" holds a place that cannot be read`)
  })
  return problems[0] ?? { graph, names }
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return undefined
  }
}

function eachText(value: JsonValue | undefined, visit: (text: string) => void): void {
  if (typeof value === 'string') visit(value)
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) eachText(each, visit)
}

/** The graph with its places filled once: what a value holds is never read as a place. */
export function fill({ graph }: Workflow, values: PlaceValues): JsonObject {
  const put = (name: string, fallback: string | undefined): JsonValue => values[name] ?? typed(fallback ?? '')
  const filled = (value: JsonValue): JsonValue => {
    if (typeof value === 'string') {
      const whole = WHOLE.exec(value)
      if (whole) return put(whole[1] ?? '', whole[2])
      return value.replace(PLACE, (_, name: string, fallback?: string) => String(put(name, fallback)))
    }
    if (Array.isArray(value)) return (value as readonly JsonValue[]).map(filled)
    return typeof value === 'object' && value !== null ? filledObject(value as JsonObject) : value
  }
  const filledObject = (object: JsonObject): JsonObject =>
    Object.fromEntries(Object.entries(object).map(([name, value]) => [name, filled(value ?? null)]))
  return filledObject(graph)
}

/** A default as a node wants it: numbers and truth values are not text. */
function typed(text: string): JsonValue {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}
