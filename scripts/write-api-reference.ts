/** Writes the generated sections of docs/reference from the contract and the catalogues: `node scripts/write-api-reference.ts`. */
import { readFile, writeFile } from 'node:fs/promises'
import { withSection } from '../src/config/reference.ts'
import { generatedPages } from './api-reference.ts'

for (const [page, sections] of Object.entries(generatedPages)) {
  const file = new URL(`../docs/reference/${page}`, import.meta.url)
  let text = await readFile(file, 'utf8')
  for (const [name, content] of Object.entries(sections)) text = withSection(text, name, content())
  await writeFile(file, text)
}
