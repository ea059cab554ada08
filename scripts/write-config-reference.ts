/** Writes the generated parts of docs/reference from the configuration schema: `node scripts/write-config-reference.ts`. */
import { readFile, writeFile } from 'node:fs/promises'
import { keysMarkdown, variablesMarkdown, withSection } from '../src/config/reference.ts'
import { configJsonSchema } from '../src/config/schema-keys.ts'

const reference = new URL('../docs/reference/', import.meta.url)
const page = new URL('configuration.md', reference)
const text = await readFile(page, 'utf8')
await writeFile(page, withSection(withSection(text, 'keys', keysMarkdown()), 'variables', variablesMarkdown()))
await writeFile(new URL('halftone.schema.json', reference), `${JSON.stringify(configJsonSchema(), null, 2)}\n`)
