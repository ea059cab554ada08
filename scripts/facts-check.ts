// `npm run facts:check`: reads facts/ and holds it to the rules of src/core/facts/lint.ts. Errors fail it; warnings are printed.
import { readdirSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type FactsLintInput, lintFacts } from '../src/core/facts/index.ts'
import { providers } from '../src/providers/index.ts'
import { sandboxOffers } from '../src/providers/sandbox/models.ts'
import { ownHosts } from './prices-check.ts'

/** Everything the lint looks at, out of a folder of facts files. */
export function readFactsInput(folder: URL, today: string): FactsLintInput {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return {
    files: names.sort().map((name) => ({ name, json: JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as unknown })),
    offers: new Map([
      ...Object.values(providers).map(({ id, offers }) => [id, offers({ name: id, type: id })] as const),
      ['sandbox', sandboxOffers('sandbox')] as const,
    ]),
    ownHosts,
    today,
    atLeast: 100,
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , folder] = process.argv
  const facts = folder === undefined ? new URL('../facts/', import.meta.url) : pathToFileURL(`${folder}/`)
  const report = lintFacts(readFactsInput(facts, new Date().toISOString().slice(0, 10)))
  for (const { severity, place, message } of report.findings) console.log(`${severity} ${place}: ${message}`)
  const errors = report.findings.filter(({ severity }) => severity === 'error').length
  console.log(`${report.values} facts from ${report.sources} sources about ${report.files} types of providers`)
  console.log(`${errors} errors, ${report.findings.length - errors} warnings`)
  process.exitCode = errors > 0 ? 1 : 0
}
