/** The generated part of docs/reference/provider-errors.md: what each provider documents as an error, and what becomes of it. */
import { providers } from '../src/providers/index.ts'
import { type DocumentedError, type DocumentedErrors, documentedErrors } from './provider-errors.ts'

/** Sections of the page by name. Throws when a type has no list. */
export function providerErrorsReference(): Readonly<Record<string, string>> {
  const parts = Object.keys(providers)
    .toSorted()
    .map((type) => sectionOf(type, listOf(type)))
  return { 'provider-errors': parts.join('\n\n') }
}

/** How many documented errors of a type are tested, as its section of the providers' reference says it. */
export function errorCounts(type: string): string {
  const { errors, observed } = listOf(type)
  const others = Object.keys(observed).length
  const more = others === 0 ? '' : `; ${others} ${others === 1 ? 'other was' : 'others were'} observed`
  return `[${errors.length} documented](provider-errors.md#${type})${more}`
}

/** Documented errors of all types. */
export const countErrors = (types: readonly string[]): number =>
  types.reduce((total, type) => total + listOf(type).errors.length, 0)

function listOf(type: string): DocumentedErrors {
  const list = documentedErrors(type)
  if (!list) throw new Error(`${type} has no list of documented errors.`)
  return list
}

function sectionOf(type: string, { sources, errors }: DocumentedErrors): string {
  const names = Object.keys(sources)
  const rows = errors.map((error) => row(cellsOf(error, names.indexOf(error.source) + 1)))
  const list = Object.values(sources).map(
    ({ kind, url, checked }, index) => `${index + 1}. <${url}> (${kind}, read on ${checked})`,
  )
  return [`### ${type}`, [row(head), row(head.map(() => '---')), ...rows].join('\n'), list.join('\n')].join('\n\n')
}

const head = ['answer', 'what the provider says', 'becomes', 'again?', 'billed', 'source']

function cellsOf({ status, code, says, as, stage, retryable, billed }: DocumentedError, source: number): readonly string[] {
  const answer = code === undefined ? String(status) : `${status} \`${code}\``
  const meaning = stage === undefined ? `\`${as}\`` : `\`${as}\`, ${stageWords[stage]}`
  return [answer, says, meaning, retryable ? 'yes' : 'no', billed, String(source)]
}

const stageWords = { before: 'before', after: 'after', unknown: 'when is unknown' } as const

const row = (items: readonly string[]): string =>
  `| ${items.map((item) => item.replaceAll('|', '\\|').replaceAll('<', '&lt;')).join(' | ')} |`
