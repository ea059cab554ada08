/** Tag rules as a form, and the question that shows what one would match. */
import type { TagRuleWire } from '../../../../src/contract/insight.ts'
import type { Body } from '../../api/paths.ts'

export interface RuleForm {
  readonly id: string | undefined
  readonly version: number | undefined
  readonly name: string
  readonly key: string
  readonly value: string
  readonly position: string
  readonly enabled: boolean
  readonly project: string
  readonly model: string
  readonly provider: string
  readonly route: string
  readonly callerKey: string
  readonly tagKey: string
  readonly tagValue: string
}

export const emptyRule: RuleForm = {
  id: undefined,
  version: undefined,
  name: '',
  key: '',
  value: '',
  position: '1000',
  enabled: true,
  project: '',
  model: '',
  provider: '',
  route: '',
  callerKey: '',
  tagKey: '',
  tagValue: '',
}

export const formOf = ({ when, position, ...rule }: TagRuleWire): RuleForm => ({
  ...emptyRule,
  id: rule.id,
  version: rule.version,
  name: rule.name,
  key: rule.key,
  value: rule.value,
  enabled: rule.enabled,
  position: String(position),
  project: when.project ?? '',
  model: when.model ?? '',
  provider: when.provider ?? '',
  route: when.route ?? '',
  callerKey: when.key ?? '',
  tagKey: when.tag?.key ?? '',
  tagValue: when.tag?.value ?? '',
})

type When = Body<'putTagRule'>['when']

export function whenOf(form: RuleForm): When {
  const text = (value: string) => (value.trim() === '' ? undefined : value.trim())
  const found = {
    project: text(form.project),
    model: text(form.model),
    provider: text(form.provider),
    route: text(form.route),
    key: text(form.callerKey),
    tag: text(form.tagKey) === undefined ? undefined : { key: form.tagKey.trim(), value: form.tagValue },
  }
  // Entries are only left out.
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as When
}

export const ruleBody = (form: RuleForm): Body<'putTagRule'> => ({
  name: form.name.trim(),
  key: form.key.trim(),
  value: form.value.trim(),
  when: whenOf(form),
  position: Number(form.position),
  enabled: form.enabled,
  ...(form.version !== undefined && { version: form.version }),
})

/** `project shop and tag campaign=summer` */
export function whenText(when: TagRuleWire['when']): string {
  const { tag, ...rest } = when
  const parts = Object.entries(rest).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]))
  return [...parts, ...(tag ? [`tag ${tag.key}=${tag.value}`] : [])].join(' and ')
}

/** What of the last 30 days the conditions match, by the tag as it reads today; undefined: there is no condition yet. */
export function previewOf(form: RuleForm): Body<'insightExplore'> | undefined {
  const { tag, ...when } = whenOf(form)
  const filters: Record<string, string[]> = {}
  for (const [name, value] of Object.entries(when)) if (typeof value === 'string') filters[name] = [value]
  if (tag) filters[`tag:${tag.key}`] = [tag.value]
  if (Object.keys(filters).length === 0) return undefined
  const key = form.key.trim()
  return { period: '30d', group_by: key === '' ? [] : [`tag:${key}`], filters, limit: 8 }
}
