/** What is left of a tree when everything invalid is taken out, so that one mistake does not hide the next. */
import type { z } from 'zod'

type Path = readonly PropertyKey[]

export interface Pruned<T> {
  /** Undefined when nothing valid is left. */
  readonly settings: T | undefined
  /** Lists from which an entry was taken. */
  readonly removedLists: readonly Path[]
}

const MAX_ROUNDS = 500

/** Take out what `schema` refuses, again and again, until it accepts the rest. */
export function pruneToValid<T>(schema: z.ZodType<T>, data: unknown): Pruned<T> {
  const tree = structuredClone(data)
  const removedLists: Path[] = []
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const result = schema.safeParse(tree)
    if (result.success) return { settings: result.data, removedLists }
    const [issue] = result.error.issues
    const paths = issue?.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue?.path ?? []]
    for (const path of paths) {
      if (!remove(tree, path, removedLists)) return { settings: undefined, removedLists }
    }
  }
  return { settings: undefined, removedLists }
}

/** Remove what stands at `path`, or when nothing does (a missing key) the entry that should hold it. */
function remove(tree: unknown, path: Path, removedLists: Path[]): boolean {
  const key = path.at(-1)
  if (key === undefined) return false
  const parentPath = path.slice(0, -1)
  const parent = parentPath.reduce<unknown>((node, part) => (node as Record<PropertyKey, unknown> | undefined)?.[part], tree)
  if (Array.isArray(parent)) {
    parent.splice(Number(key), 1)
    removedLists.push(parentPath)
    return true
  }
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, key)) return remove(tree, parentPath, removedLists)
  delete (parent as Record<PropertyKey, unknown>)[key]
  return true
}
