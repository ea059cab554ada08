/** Writes the generated sections of docs/reference/providers.md and provider-errors.md: `node scripts/write-providers-reference.ts`. */
import { readFile, writeFile } from 'node:fs/promises'
import { withSection } from '../src/config/reference.ts'
import { providerErrorsReference } from './provider-errors-reference.ts'
import { providersReference } from './providers-reference.ts'

const pages = { 'providers.md': await providersReference(), 'provider-errors.md': providerErrorsReference() }

for (const [page, sections] of Object.entries(pages)) {
  const file = new URL(`../docs/reference/${page}`, import.meta.url)
  let text = await readFile(file, 'utf8')
  for (const [name, content] of Object.entries(sections)) text = withSection(text, name, content)
  await writeFile(file, text)
}
