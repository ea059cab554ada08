/** A provider's own specification, cut down to what it sends and takes, as a judge of calls and answers. */
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { default as addFormats } from 'ajv-formats'
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'

export interface Specification {
  /** Whatever else the file holds, such as which path takes which schema. */
  readonly document: JsonObject
  /** What is wrong with a value by one of `components.schemas`; empty when nothing is. */
  problems(schema: string, value: JsonValue): readonly string[]
}

/** `test/fixtures/specs/<name>.json`. */
export function readSpecification(name: string): Specification {
  const document = JSON.parse(readFileSync(new URL(`../../fixtures/specs/${name}.json`, import.meta.url), 'utf8')) as JsonObject
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  // Its type says that the module is the function, its code that `default` is.
  const formats = addFormats as unknown as (ajv: Ajv2020) => void
  formats(ajv)
  ajv.addSchema({ $id: name, ...document })
  return {
    document,
    problems(schema, value) {
      const validate = ajv.getSchema(`${name}#/components/schemas/${schema}`)
      if (!validate) throw new Error(`${name} has no schema ${schema}.`)
      validate(value)
      return (validate.errors ?? []).map(
        ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
      )
    },
  }
}
