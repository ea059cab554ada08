/** A YAML file read strictly: syntax problems with positions, `${VARIABLE}` filled in, and where each path stands. */
import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml'
import type { z } from 'zod'
import { nearMatches } from '../core/near-match.ts'
import { type ConfigProblem, formatPath } from './problem.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface ConfigDocument {
  /** Plain data; an empty file is an empty object. Undefined when the syntax is too broken to go on. */
  readonly data: unknown
  readonly problems: readonly ConfigProblem[]
  /** Environment variables the file refers to. */
  readonly variables: ReadonlySet<string>
  /** `data` with numbers and booleans where the schema wants them and a `${VARIABLE}` gave text. */
  coerce(data: unknown, issues: readonly z.core.$ZodIssue[]): unknown
  /** Position of the value at a path, or of its key, or of the nearest thing that holds it. */
  locate(path: readonly PropertyKey[], what: 'key' | 'value'): { line: number; column: number }
}

/** Why and what to do, by the parser's code. Its own texts quote the source, which may hold secrets. */
const syntaxHelp: Partial<Record<ErrorCode, readonly [message: string, remedy: string]>> = {
  DUPLICATE_KEY: ['the key stands twice', 'Keep one of the two.'],
  TAB_AS_INDENT: ['a tab is used as indentation', 'Indent with blanks.'],
  BAD_INDENT: ['the indentation does not fit, or a bracket is not closed', 'Align it with its neighbours and close brackets.'],
  MISSING_CHAR: [
    'a character is missing, such as ": " after a key or a closing quote',
    'Write "key: value" with a blank after the colon.',
  ],
  MULTIPLE_DOCS: ['there is more than one document', 'Remove the "---" line and what follows.'],
  BAD_SCALAR_START: ['a value starts with a reserved character', 'Put the value in quotes.'],
  BLOCK_AS_IMPLICIT_KEY: ['a mapping starts on the line of another key', 'Put the value in quotes, or start a new line.'],
  BAD_ALIAS: ['an alias (*name) has no anchor before it', 'Define the anchor (&name) first, or put the value in quotes.'],
  NON_STRING_KEY: ['a key is not text', 'Put the key in quotes.'],
  TAG_RESOLVE_FAILED: ['an unknown YAML tag (!...) is used', 'Remove the tag.'],
  RESOURCE_EXHAUSTION: ['the nesting is too deep', 'Nest less.'],
}
const otherSyntax = ['the YAML cannot be read here', 'Check quotes, brackets and indentation.'] as const

/** Parse `text`; never throws for what the text holds. `source` is the file's name in problems. */
export function parseConfigDocument(text: string, source: string, env: Environment): ConfigDocument {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true, merge: true, stringKeys: true })
  const problems: ConfigProblem[] = []
  const at = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const report = (offset: number, path: string, message: string, remedy: string): void => {
    problems.push({ source, ...at(offset), path, message, remedy })
  }

  let broken = false
  for (const { code, pos } of [...document.errors, ...document.warnings]) {
    const [message, remedy] = syntaxHelp[code] ?? otherSyntax
    report(pos[0], '', message, remedy)
    broken ||= code !== 'DUPLICATE_KEY' && code !== 'TAG_RESOLVE_FAILED'
  }
  checkNodes(document, report)

  const variables = new Set<string>()
  const substituted = new Set<string>()
  if (!broken) fillIn(document, { env, variables, substituted, report })

  let data: unknown
  try {
    data = broken ? undefined : (document.toJS() ?? {})
  } catch {
    // Only aliases make this throw: unknown ones, or so many that the document would explode.
    report(0, '', 'an alias (*name) has no anchor or there are too many of them', 'Write the values out.')
  }
  const locate: ConfigDocument['locate'] = (path, what) => at(offsetOf(document, path, what))
  const coerce: ConfigDocument['coerce'] = (tree, issues) => {
    const copy = structuredClone(tree)
    for (const { code, path } of issues) {
      if (code === 'invalid_type' && substituted.has(formatPath(path))) parseTextAt(copy, path)
    }
    return copy
  }
  return { data, problems, variables, coerce, locate }
}

/** Replace text that reads as a number or a boolean by that value. */
function parseTextAt(tree: unknown, path: readonly PropertyKey[]): void {
  const key = path.at(-1)
  const parent = path.slice(0, -1).reduce<unknown>((node, part) => (node as Record<PropertyKey, unknown>)[part], tree)
  if (key === undefined || typeof parent !== 'object' || parent === null) return
  const holder = parent as Record<PropertyKey, unknown>
  const text = holder[key]
  if (text === 'true' || text === 'false') holder[key] = text === 'true'
  else if (typeof text === 'string' && /^-?\d{1,15}(\.\d+)?$/.test(text)) holder[key] = Number(text)
}

type Report = (offset: number, path: string, message: string, remedy: string) => void

const startOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0)

/** What the parser lets pass and plain objects cannot hold. */
function checkNodes(document: Document, report: Report): void {
  visit(document, {
    Pair(_, pair) {
      if (isScalar(pair.key) && pair.key.value === '__proto__') {
        report(startOf(pair.key), '', 'the key __proto__ cannot be used', 'Choose another name.')
      }
    },
  })
}

interface FillIn {
  readonly env: Environment
  readonly variables: Set<string>
  readonly substituted: Set<string>
  readonly report: Report
}

/** Replace `${NAME}` and `${NAME:-default}` in every text value; `$${` stands for a literal `${`. */
function fillIn(document: Document, { env, variables, substituted, report }: FillIn): void {
  visit(document, {
    Scalar(key, scalar, ancestors) {
      if (key === 'key' || typeof scalar.value !== 'string' || !scalar.value.includes('${')) return
      const offset = startOf(scalar)
      const path = formatPath(pathOf([...ancestors, scalar]))
      scalar.value = scalar.value.replace(/(\$?)\$\{([^}]*)(\}?)/g, (whole, escaped: string, inside: string, end: string) => {
        if (escaped) return whole.slice(1)
        const match = /^([A-Za-z_]\w*)(?::-(.*))?$/s.exec(inside)
        const name = match?.[1]
        if (name === undefined || end === '') {
          report(offset, path, '"${" does not start a variable reference', 'Write ${NAME}, or $${ for a literal "${".')
          return ''
        }
        variables.add(name)
        const value = env[name] || match?.[2]
        if (value === undefined) {
          const near = nearMatches(name, Object.keys(env))[0]
          const hint = near === undefined || near === name ? '' : `, or write ${near}`
          const state = env[name] === '' ? 'is empty' : 'is not set'
          report(offset, path, `the environment variable ${name} ${state}`, `Set it${hint}.`)
          return ''
        }
        substituted.add(path)
        return value
      })
    },
  })
}

/** The path of a node from the chain of nodes above it. */
function pathOf(chain: readonly unknown[]): PropertyKey[] {
  return chain.flatMap((node, index): PropertyKey[] => {
    const parent = chain[index - 1]
    if (isPair(node)) return [isScalar(node.key) ? String(node.key.value) : '?']
    return isSeq(parent) ? [parent.items.indexOf(node)] : []
  })
}

function offsetOf(document: Document, path: readonly PropertyKey[], what: 'key' | 'value'): number {
  let node: Node | null = document.contents as Node | null
  let offset = startOf(node)
  for (const [index, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part))
      if (!pair) break
      const wantsKey = (what === 'key' && index === path.length - 1) || !isNode(pair.value) || pair.value.range == null
      offset = startOf(wantsKey ? pair.key : pair.value)
      node = isNode(pair.value) ? pair.value : null
    } else if (isSeq(node) && isNode(node.items[Number(part)])) {
      node = node.items[Number(part)] as Node
      offset = startOf(node)
    } else break
  }
  return offset
}
