/** The settings page in the URL, and the deletion its form stands for. */
import type { Body } from '../../api/paths.ts'
import { formatBytes } from '../../lib/numbers.ts'

export const tabNames = ['gateway', 'alerts', 'deletion', 'sessions'] as const
export type SettingsTab = (typeof tabNames)[number]

export interface SettingsSearch {
  readonly tab?: SettingsTab
}

export function parseSettingsSearch(search: Record<string, unknown>): SettingsSearch {
  const tab = tabNames.find((name) => name === search['tab'])
  return tab && tab !== 'gateway' ? { tab } : {}
}

export const deletionKinds = ['end_customer', 'request_id', 'group', 'tag', 'project_id'] as const
export type DeletionKind = (typeof deletionKinds)[number]

export const deletionTexts: Readonly<
  Record<DeletionKind, { readonly label: string; readonly of: string; readonly hint: string }>
> = {
  end_customer: {
    label: 'An end customer',
    of: 'End customer',
    hint: 'As the field user or safety_identifier named it. The name goes too.',
  },
  request_id: { label: 'One request', of: 'Id of the request', hint: 'From its page.' },
  group: { label: 'A group', of: 'Group', hint: 'Every finished request of it, in every project. The name goes too.' },
  tag: { label: 'A value of a tag', of: 'Tag', hint: 'name=value. The value goes too.' },
  project_id: { label: 'A project before a day', of: 'Project', hint: 'Only requests that were made before the day.' },
}

export const deletionParts = { all: 'prompts and images', prompts: 'prompts only', images: 'images only' } as const

export interface DeletionForm {
  readonly kind: DeletionKind
  readonly value: string
  /** A UTC day, for a project. */
  readonly before: string
  readonly what: keyof typeof deletionParts
}

/** What is sent; a text: what is wrong with the form. */
export function deletionBody({ kind, value: typed, before, what }: DeletionForm): Body<'deleteContent'> | string {
  const value = typed.trim()
  if (value === '') return 'Say whose content is deleted.'
  if (kind === 'project_id') {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(before)) return 'Take a day.'
    return { project_id: value, before: `${before}T00:00:00Z`, what }
  }
  if (kind !== 'tag') return { [kind]: value, what }
  const at = value.indexOf('=')
  if (at < 1 || at === value.length - 1) return 'Write name=value.'
  return { tag: { key: value.slice(0, at), value: value.slice(at + 1) }, what }
}

/** Filters of the list of requests that this would reach; undefined: it is one request, or cannot be listed. */
export function reachedBy({ kind, value, before }: DeletionForm): Readonly<Record<string, string>> | undefined {
  const wanted = value.trim()
  if (wanted === '') return undefined
  switch (kind) {
    case 'end_customer':
      return { customer: wanted }
    case 'group':
      return { group: wanted }
    case 'tag':
      return { tag: wanted }
    case 'project_id':
      return { project_id: wanted, ...(Number.isNaN(Date.parse(before)) ? {} : { to: dayBefore(before) }) }
    case 'request_id':
      return undefined
  }
}

/** The list takes its last day included. */
const dayBefore = (day: string): string => new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10)

export const freeText = (bytes: number | null): string => (bytes === null ? 'not known' : `${formatBytes(bytes)} free`)

/** What whoever wants to be told of something puts into the configuration file. */
export const alertsSnippet = `alerts:
  webhooks:
    - name: pager
      url: https://alerts.example.com/halftone
      secret: \${ALERTS_SECRET}
      minSeverity: critical
  slack:
    - name: money
      url: \${SLACK_WEBHOOK}
      kinds: [budget.threshold, budget.forecast, price.finding, money.unknown]
  email:
    - to: [ops@example.com]
      from: halftone@example.com
      minSeverity: warning
  smtp:
    url: \${SMTP_URL}
`
