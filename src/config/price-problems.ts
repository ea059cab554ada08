/** Problems of price files with file, line and remedy: what a reader of the file needs, found only once something is wrong. */
import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml'
import { HalftoneError } from '../core/error.ts'

export interface PriceText {
  /** `openai.json`, as it stands in problems of reading. */
  readonly name: string
  /** The path an operator can open. */
  readonly shown: string
  readonly text: string
}

const NOT_JSON = 'is not valid JSON. Correct the syntax here.'

/** Why `text` is not JSON, where. */
export function jsonProblem({ shown, text }: PriceText, cause: unknown): HalftoneError {
  const lines = new LineCounter()
  // JSON is YAML: the second parser finds the place that the first one may not tell.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const offset = document.errors[0]?.pos[0] ?? foreignOffset(document.contents) ?? text.length
  const { line, col } = lines.linePos(offset)
  return new HalftoneError('config_invalid', `${shown}:${Math.max(line, 1)}:${Math.max(col, 1)}: ${NOT_JSON}`, { cause })
}

/** What YAML takes and JSON does not: text without double quotes, or no value at all. */
function foreignOffset(root: Node | null): number | undefined {
  let found: number | undefined
  visit(root, {
    Scalar(_, { type, source = '', range }) {
      if (type === 'QUOTE_DOUBLE' || (type === 'PLAIN' && /^(true|false|null|-?\d[\d.eE+-]*)$/.test(source))) return undefined
      found = range?.[0]
      return visit.BREAK
    },
  })
  return found
}

/**
 * The same problems, each with its line: those of the shape are found by their path, those of the whole book by the id they
 * name. Anything but `config_invalid` is given back as it is.
 */
export function locateProblems(error: unknown, file: PriceText): unknown {
  if (!(error instanceof HalftoneError) || error.code !== 'config_invalid') return error
  const lines = new LineCounter()
  const document = parseDocument(file.text, { lineCounter: lines, prettyErrors: false })
  const root = document.contents as Node | null
  const located = error.message.split('\n').map((problem) => {
    const said = problem.startsWith(file.name) ? problem.slice(file.name.length).replace(/^[.:]\s*/, '') : problem
    const offset = offsetOfPath(root, said) ?? offsetOfId(root, said) ?? 0
    const { line, col } = lines.linePos(offset)
    return `${file.shown}:${Math.max(line, 1)}:${Math.max(col, 1)}: ${withRemedy(said)}`
  })
  return new HalftoneError('config_invalid', located.join('\n'), { cause: error })
}

/** Problems of the shape say what is expected; what is left to say is what to do. */
function withRemedy(problem: string): string {
  if (problem.endsWith('.')) return problem
  if (problem.endsWith(': unknown key')) return `${problem}. Remove it, or correct its name.`
  if (problem.endsWith(': missing')) return `${problem}. Add it.`
  return `${problem}. Correct it.`
}

/** `skus[0].rates[1].price: expected ...`: the deepest part of the path that exists. */
function offsetOfPath(root: Node | null, problem: string): number | undefined {
  const path = /^([\w$]+(?:\.[\w$]+|\[\d+\])*): /.exec(problem)?.[1]
  if (path === undefined || !isMap(root)) return undefined
  const parts = path.match(/[\w$]+/g) ?? []
  let node: Node = root
  let offset: number | undefined
  for (const part of parts) {
    const next: Node | undefined = childOf(node, part)
    if (!next) break
    offset = keyOffset(node, part) ?? next.range?.[0] ?? offset
    node = next
  }
  // A key that is missing is looked for where it belongs.
  return offset ?? (parts.length === 1 ? root.range?.[0] : undefined)
}

function childOf(node: Node, part: string): Node | undefined {
  if (isMap(node)) {
    const value = node.get(part, true)
    return isNode(value) ? value : undefined
  }
  const item = isSeq(node) ? node.items[Number(part)] : undefined
  return isNode(item) ? item : undefined
}

function keyOffset(node: Node, part: string): number | undefined {
  if (!isMap(node)) return undefined
  const pair = node.items.find((each) => isPair(each) && isScalar(each.key) && each.key.value === part)
  return pair && isScalar(pair.key) ? pair.key.range?.[0] : undefined
}

/** `acme/one: rates a and b overlap`: the rate, adjustment or sku of that id; the last one named is the closest. */
function offsetOfId(root: Node | null, problem: string): number | undefined {
  const words = new Set(problem.split(/[\s,;:]+/).map((word) => word.replace(/\.$/, '')))
  let found: number | undefined
  let best = -1
  visit(root, {
    Pair(_, pair) {
      if (!isScalar(pair.key) || pair.key.value !== 'id' || !isScalar(pair.value)) return
      const id = String(pair.value.value)
      if (!words.has(id) && !problem.includes(`${id}.`)) return
      const place = problem.indexOf(id)
      if (place > best) [best, found] = [place, pair.value.range?.[0]]
    },
  })
  return found
}
