/** Documents of routes held to their schema, in the words of the configuration's own problems. */
import { z } from 'zod'
import { findings } from '../config/issues.ts'
import { formatPath } from '../config/problem.ts'
import type { JsonSchema } from '../config/schema-keys.ts'
import type { Config } from '../config/types.ts'
import { routePolicy, routeSchema, routeToJson } from '../contract/route-document.ts'
import type { RouteEntry, RouteReader } from '../gateway/routes.ts'

let jsonSchema: JsonSchema | undefined

export const readRoute: RouteReader = (name, document) => {
  const parsed = routeSchema.safeParse(document)
  if (parsed.success) return { kind: 'valid', policy: routePolicy(name, parsed.data), document: routeToJson(parsed.data) }
  jsonSchema ??= z.toJSONSchema(routeSchema, { io: 'input', target: 'draft-2020-12' }) as JsonSchema
  return {
    kind: 'invalid',
    problems: findings(parsed.error.issues, document, jsonSchema).map(({ path, message, remedy }) => ({
      level: 'problem',
      path: formatPath(path),
      message,
      remedy,
    })),
  }
}

/** Of the file, and `auto` where the file has none. */
export const configuredRoutes = ({ routes, routeDocuments }: Config): ReadonlyMap<string, RouteEntry> =>
  new Map(
    Object.entries(routes).map(([name, policy]) => {
      const document = routeDocuments[name]
      return [name, { name, policy, managedBy: document ? ('file' as const) : ('built_in' as const), document: document ?? {} }]
    }),
  )
