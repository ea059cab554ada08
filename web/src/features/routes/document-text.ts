/** Documents of routes as YAML and JSON text, and where in the text a field stands. */
import { isNode, LineCounter, parseDocument, stringify } from 'yaml'
import type { JsonRecord } from '../../lib/json-diff.ts'

export type TextFormat = 'yaml' | 'json'

export type ReadText =
  | { readonly kind: 'document'; readonly document: JsonRecord; readonly lineOf: (path: string) => number | undefined }
  | { readonly kind: 'problem'; readonly message: string; readonly line: number | undefined }

/** Empty objects are empty text in YAML. */
export function printDocument(document: JsonRecord, format: TextFormat): string {
  if (format === 'json') return `${JSON.stringify(document, null, 2)}\n`
  return Object.keys(document).length === 0 ? '' : stringify(document, { lineWidth: 100, flowCollectionPadding: true })
}

/** JSON is YAML as well, so one reader does; a text that is JSON for the reader but not for JSON.parse is told so. */
export function readDocument(text: string, format: TextFormat): ReadText {
  const lines = new LineCounter()
  const parsed = parseDocument(text, { lineCounter: lines, uniqueKeys: true, merge: false })
  const lineAt = (offset: number): number => lines.linePos(offset).line
  const [error] = parsed.errors
  if (error) return { kind: 'problem', message: firstLine(error.message), line: lineAt(error.pos[0]) }
  if (format === 'json') {
    const message = jsonProblem(text)
    if (message !== undefined) return { kind: 'problem', message, line: undefined }
  }
  const value = contentOf(parsed)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { kind: 'problem', message: 'Write fields and their values, such as "objective: cost".', line: 1 }
  return {
    kind: 'document',
    // Plain data: it is what YAML's core schema makes of text, read through JSON to leave out what JSON cannot say.
    document: JSON.parse(JSON.stringify(value)) as JsonRecord,
    lineOf: (path) => {
      const node = nodeAt(parsed, path)
      return isNode(node) && node.range ? lineAt(node.range[0]) : undefined
    },
  }
}

const firstLine = (message: string): string => message.split('\n', 1)[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? message

const MAX_ALIASES = 20

/** Undefined where aliases of aliases would grow into more than a route can mean; the reader throws on them. */
function contentOf(parsed: ReturnType<typeof parseDocument>): unknown {
  try {
    return parsed.contents === null ? {} : parsed.toJS({ maxAliasCount: MAX_ALIASES })
  } catch {
    return undefined
  }
}

function jsonProblem(text: string): string | undefined {
  if (text.trim() === '') return 'An empty document is {} in JSON.'
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'That is no JSON.'
  }
}

/** The node of `shares.fal` or `models[1]`, or of the nearest part of the path that is there. */
function nodeAt(parsed: ReturnType<typeof parseDocument>, path: string): unknown {
  const steps = path.match(/[^.[\]]+/g)?.map((step) => (/^\d+$/.test(step) ? Number(step) : step)) ?? []
  for (let depth = steps.length; depth > 0; depth -= 1) {
    const node = parsed.getIn(steps.slice(0, depth), true)
    if (isNode(node)) return node
  }
  return undefined
}
