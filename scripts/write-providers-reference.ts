/** Writes the generated sections of docs/reference/providers.md: `node scripts/write-providers-reference.ts`. */
import { readFile, writeFile } from 'node:fs/promises'
import { withSection } from '../src/config/reference.ts'
import { providersReference } from './providers-reference.ts'

const file = new URL('../docs/reference/providers.md', import.meta.url)
let text = await readFile(file, 'utf8')
for (const [name, content] of Object.entries(await providersReference())) text = withSection(text, name, content)
await writeFile(file, text)
