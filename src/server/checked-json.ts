/** What no body may contain, whatever its schema: depth without end, prototype keys, text that no database stores. */
import { HalftoneError } from '../core/error.ts'
import type { JsonValue } from '../core/json.ts'

const MAX_DEPTH = 32
const LONE_SURROGATE = /\p{Surrogate}/u

/** The same value. Throws `invalid_json`, `unknown_parameter` or `invalid_value`. Iterative: depth must not cost stack. */
export function checkedJson<Value extends JsonValue>(root: Value): Value {
  const stack: { readonly value: JsonValue | undefined; readonly path: string; readonly depth: number }[] = [
    { value: root, path: '', depth: 0 },
  ]
  for (let entry = stack.pop(); entry; entry = stack.pop()) {
    const { value, path, depth } = entry
    if (typeof value === 'string') checkText(value, path)
    if (typeof value !== 'object' || value === null) continue
    if (depth >= MAX_DEPTH) throw new HalftoneError('invalid_json', `The body is nested more than ${MAX_DEPTH} levels deep.`)
    for (const [name, member] of Object.entries(value)) {
      const at = path === '' ? name : `${path}.${name}`
      checkText(name, path)
      if (name === '__proto__')
        throw new HalftoneError('unknown_parameter', `Unknown parameter: "${at}". Remove it.`, { param: at })
      stack.push({ value: member, path: at, depth: depth + 1 })
    }
  }
  return root
}

function checkText(text: string, path: string): void {
  if (!text.includes('\0') && !LONE_SURROGATE.test(text)) return
  const param = path.slice(0, 128)
  throw new HalftoneError('invalid_value', `"${param}" has a NUL character or half a surrogate pair in it.`, { param })
}
