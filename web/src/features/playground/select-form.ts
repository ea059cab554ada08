/** The playground's form: what of it lives in the URL, and the request it stands for. */
import type { Body } from '../../api/paths.ts'
import { joinValues, textOf, valuesOf } from '../../lib/filters.ts'
import { SIZE, sizeText } from '../../lib/size.ts'
import { isWithin, jobOf } from './select-job.ts'

const qualities = ['low', 'medium', 'high', 'xhigh', 'max', 'standard', 'hd'] as const
const formats = ['png', 'jpeg', 'webp', 'gif', 'svg'] as const

/** Settings without the prompt: absent means the gateway decides. */
export interface PlaygroundForm {
  readonly model?: string
  /** Others that get the same prompt, with commas between them. */
  readonly with?: string
  readonly size?: string
  readonly quality?: (typeof qualities)[number]
  readonly n?: number
  readonly format?: (typeof formats)[number]
  readonly seed?: number
  /** Pictures of one group look alike. */
  readonly group?: string
  /** Pictures planned in the group. */
  readonly planned?: number
  /** So many such pictures are asked the price of. */
  readonly count?: number
  /** Hours within which they are needed. */
  readonly within?: number
}

export const MAX_N = 10
export const MAX_GROUP = 128
export const MAX_PLANNED = 9_999_999
export const MAX_COUNT = 100_000_000
const MAX_OTHERS = 5
export const MAX_SEED = 4_294_967_295

/** The form in a URL. What does not fit is left out: a link made by hand still opens. */
export function parsePlaygroundSearch(search: Record<string, unknown>): PlaygroundForm {
  const { model, size, n, seed } = search
  const quality = qualities.find((known) => known === search['quality'])
  const format = formats.find((known) => known === search['format'])
  return {
    ...(typeof model === 'string' && model !== '' && model.length <= 256 ? { model } : {}),
    ...othersOf(model, search['with']),
    ...(typeof size === 'string' && SIZE.test(size) ? { size } : {}),
    ...(quality ? { quality } : {}),
    ...(isWhole(n, 2, MAX_N) ? { n } : {}),
    ...(format ? { format } : {}),
    ...(isWhole(seed, 0, MAX_SEED) ? { seed } : {}),
    ...groupIn(search),
    ...jobIn(search),
  }
}

/** A deadline says something of many pictures only. */
function jobIn(search: Record<string, unknown>): Pick<PlaygroundForm, 'count' | 'within'> {
  const { count, within } = search
  if (!isWhole(count, 1, MAX_COUNT)) return {}
  return { count, ...(isWithin(within) ? { within } : {}) }
}

/** How many are planned says something of a group only. */
function groupIn(search: Record<string, unknown>): Pick<PlaygroundForm, 'group' | 'planned'> {
  const group = textOf(search['group'], MAX_GROUP)
  const planned = search['planned']
  if (group === undefined) return {}
  return { group, ...(isWhole(planned, 2, MAX_PLANNED) ? { planned } : {}) }
}

/** None twice, none that is the model itself, five at most. */
function othersOf(model: unknown, others: unknown): Pick<PlaygroundForm, 'with'> {
  const first = typeof model === 'string' && model !== '' ? model : 'auto'
  const joined = joinValues(
    valuesOf(others)
      .filter((other) => other !== first)
      .slice(0, MAX_OTHERS),
  )
  return joined === undefined ? {} : { with: joined }
}

/** Who is asked: the model, then the others. */
export const targetsOf = (form: PlaygroundForm): readonly string[] => [form.model ?? 'auto', ...valuesOf(form.with)]

/** The form with these targets, the first of them as its model. */
export function changeTargets(form: PlaygroundForm, [first, ...others]: readonly string[]): PlaygroundForm {
  return changeForm(form, { model: first === 'auto' ? undefined : first, with: joinValues(others) })
}

const isWhole = (value: unknown, min: number, max: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max

/** A setting changed; `undefined` gives it back to the gateway. */
export function changeForm(
  form: PlaygroundForm,
  change: { readonly [Key in keyof PlaygroundForm]?: PlaygroundForm[Key] | undefined },
): PlaygroundForm {
  return parsePlaygroundSearch({ ...form, ...change })
}

/** The generation request. The same body is quoted and then made, so the quote is of exactly this. */
export function selectBody(form: PlaygroundForm, prompt: string, target = form.model ?? 'auto'): Body<'createImage'> {
  return {
    model: target,
    prompt: prompt.trim(),
    ...(form.size ? { size: form.size } : {}),
    ...(form.quality ? { quality: form.quality } : {}),
    ...(form.n ? { n: form.n } : {}),
    ...(form.format ? { output_format: form.format } : {}),
    ...(form.seed === undefined ? {} : { seed: form.seed }),
    ...(form.group === undefined
      ? {}
      : { halftone: { group: form.group, ...(form.planned === undefined ? {} : { group_size: form.planned }) } }),
    // Links, not base64: the browser then loads the bytes as bytes.
    response_format: 'url',
  }
}

/**
 * The quote of the same request, with what each of its wishes costs, and what many such pictures cost together: as many as are asked for, else
 * those planned in its group.
 */
export function selectQuoteBody(form: PlaygroundForm, prompt: string, target?: string): Body<'quote'> {
  const count = form.count ?? (form.group === undefined ? undefined : form.planned)
  const job = count === undefined ? {} : { job: jobOf(count, form.count === undefined ? undefined : form.within) }
  return { ...selectBody(form, prompt, target), explain: true, ...job }
}

/** The form that made a request, from its recorded parameters, to make it again. */
export function formOfRequest(model: string, n: number, parameters: Readonly<Record<string, unknown>>): PlaygroundForm {
  const { size, quality, seed } = parameters
  return parsePlaygroundSearch({
    model,
    n,
    size: sizeText(size),
    quality,
    seed,
    format: parameters['output_format'] ?? parameters['format'],
  })
}
