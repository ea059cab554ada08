/** The table of facts in the providers' reference: what is known of each type's offers, from which pages. */
import type { FactsFile } from '../src/core/facts/index.ts'
import { factsOf } from '../src/core/facts/index.ts'
import type { Offer } from '../src/core/offer.ts'
import { type FactName, factNames, factText } from '../src/core/offer-facts.ts'
import { ownBaseUrl, type ProviderDefinition } from '../src/providers/define-provider.ts'

interface Subject {
  readonly definition: ProviderDefinition
  readonly offers: readonly Offer[]
}

const row = (items: readonly string[]): string => `| ${items.map((item) => item.replaceAll('|', '\\|')).join(' | ')} |`

/** One row per type, its counts, and below them every source. */
export function factsTable(files: ReadonlyMap<string, FactsFile>, subjects: readonly Subject[]): string {
  const known = new Map<FactName, number>(factNames.map((name) => [name, 0]))
  let counted = 0
  const rows = subjects.map(({ definition, offers }) => {
    const facts = offers.map((offer) => factsOf(offer, contextOf(definition, files.get(definition.id))))
    counted += offers.length
    const cells = factNames.map((name) => {
      const values = facts.map((each) => each[name])
      const isKnown = (fact: (typeof values)[number]): boolean => fact !== undefined && fact.source.kind !== 'assumed'
      known.set(name, (known.get(name) ?? 0) + values.filter(isKnown).length)
      const words = values.map((fact) =>
        fact ? `${fact.source.kind === 'assumed' ? '~' : ''}${factText(name, fact.value)}` : '?',
      )
      return countedWords(words)
    })
    return row([`\`${definition.id}\``, ...cells])
  })
  const share = factNames.map((name) => `${known.get(name)} of ${counted}`)
  const head = row(['provider', ...factNames])
  const table = [head, row(Array.from({ length: factNames.length + 1 }, () => '---')), ...rows, row(['known', ...share])]
  return `${table.join('\n')}\n\n${sourcesTable(subjects, files)}`
}

/** `no`, or `no (12), ? (3)` where offers differ. */
function countedWords(words: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  const [only] = counts.keys()
  if (counts.size <= 1) return only ?? '?'
  return [...counts].map(([word, count]) => `${word} (${count})`).join(', ')
}

function contextOf(definition: ProviderDefinition, file: FactsFile | undefined) {
  const url = ownBaseUrl(definition, {})
  const host = url === undefined ? undefined : URL.parse(url)?.hostname
  return { file, host: host ?? hostOf(file), isPrivateHost: file?.hosts === 'private' }
}

/** For types whose address the operator states: a host as the file has it. */
const hostOf = (file: FactsFile | undefined): string | undefined =>
  file === undefined || file.hosts === 'private' ? undefined : file.hosts[0]?.replaceAll('*', 'x')

function sourcesTable(subjects: readonly Subject[], files: ReadonlyMap<string, FactsFile>): string {
  const rows = subjects.flatMap(({ definition }) =>
    Object.values(files.get(definition.id)?.sources ?? {}).map(({ url, kind, checkedAt, note }) => {
      const page = url.startsWith('https:') ? `<${url}>` : `\`${url}\``
      return row([`\`${definition.id}\``, page, kind, checkedAt, note ?? ''])
    }),
  )
  return [row(['provider', 'source', 'kind', 'read on', 'what it says']), row(['---', '---', '---', '---', '---']), ...rows].join(
    '\n',
  )
}
