/** Scripted behaviour: `[sandbox:...]` at the start of a prompt. The rest of the prompt is drawn. */
import { HalftoneError } from '../../core/error.ts'

export const outcomeDirectives = {
  '429': 'Answers 429; with `retry-after=<seconds>` also Retry-After. Not billed.',
  '500': 'Answers 500. Not billed.',
  refuse: 'Refuses the content before drawing. Not billed.',
  'refuse-billed': 'Draws, then refuses the result. Billed as if it had been delivered.',
  hang: 'Never answers; ends with the deadline, the time limit or the client. Whether it was billed is unknown.',
  cutoff: 'Draws, and the connection ends in the middle of the image. Whether it was billed is unknown.',
  unknown: 'The connection is lost after the request was sent. Whether it was billed is unknown.',
} as const satisfies Record<string, string>

export const settingDirectives = {
  'retry-after': 'Seconds of Retry-After for `429`.',
  partial: 'Makes only this many of the images asked for; the others fail and are not billed.',
  slow: 'Milliseconds of extra waiting before the answer, whatever the latency scale.',
  'fail-on': 'Limits all of the above to one model, such as `flat`, so that a fallback can be seen.',
} as const satisfies Record<string, string>

export type OutcomeDirective = keyof typeof outcomeDirectives
type SettingDirective = keyof typeof settingDirectives

export interface Script {
  readonly outcome?: OutcomeDirective
  readonly retryAfterMs?: number
  readonly partial?: number
  readonly slowMs?: number
}

export interface ScriptedPrompt {
  readonly script: Script
  /** The prompt without its directives. */
  readonly subject: string
}

const PREFIX = /^\s*\[sandbox:([^\]]*)\]/

/**
 * Split directives from the prompt and keep those that apply to `model` (short name). Throws `invalid_value` naming the valid
 * directives when one is not known or has no valid value.
 */
export function parseDirectives(prompt: string, model: string, models: readonly string[]): ScriptedPrompt {
  let rest = prompt
  const words: string[] = []
  for (let match = PREFIX.exec(rest); match; match = PREFIX.exec(rest)) {
    const found = (match[1] ?? '').split(/\s+/).filter((word) => word !== '')
    if (found.length === 0) throw unknownDirective('')
    words.push(...found)
    rest = rest.slice(match[0].length)
  }
  const settings = new Map<SettingDirective, string>()
  let outcome: OutcomeDirective | undefined
  for (const word of words) {
    const [name = '', value] = word.split('=', 2)
    if (isOutcome(name) && value === undefined) outcome = name
    else if (isSetting(name) && value !== undefined) settings.set(name, value)
    else throw unknownDirective(word)
  }
  const script = buildScript(outcome, settings)
  const failOn = settings.get('fail-on')
  if (failOn !== undefined && !models.includes(failOn)) throw badValue('fail-on', failOn, `one of ${models.join(', ')}`)
  const applies = failOn === undefined || failOn === model
  return { script: applies ? script : {}, subject: rest.trim() }
}

function buildScript(outcome: OutcomeDirective | undefined, settings: ReadonlyMap<SettingDirective, string>): Script {
  const retryAfter = number(settings, 'retry-after', 3600)
  const partial = number(settings, 'partial', 10)
  const slowMs = number(settings, 'slow', 600_000)
  return {
    ...(outcome !== undefined && { outcome }),
    ...(retryAfter !== undefined && { retryAfterMs: Math.round(retryAfter * 1000) }),
    ...(partial !== undefined && { partial: Math.floor(partial) }),
    ...(slowMs !== undefined && { slowMs }),
  }
}

function number(settings: ReadonlyMap<SettingDirective, string>, name: SettingDirective, highest: number): number | undefined {
  const text = settings.get(name)
  if (text === undefined) return undefined
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(value) || value > highest) throw badValue(name, text, `a number from 0 to ${highest}`)
  return value
}

const isOutcome = (name: string): name is OutcomeDirective => Object.hasOwn(outcomeDirectives, name)
const isSetting = (name: string): name is SettingDirective => Object.hasOwn(settingDirectives, name)

const badValue = (name: string, value: string, expected: string): HalftoneError =>
  new HalftoneError('invalid_value', `[sandbox:${name}=${value}] is not valid; use ${expected}.`, {
    param: 'prompt',
    billed: 'no',
  })

function unknownDirective(word: string): HalftoneError {
  const valid = [...Object.keys(outcomeDirectives), ...Object.keys(settingDirectives).map((name) => `${name}=<value>`)]
  const message = `[sandbox:${word}] is not a sandbox directive; use ${valid.join(', ')}.`
  return new HalftoneError('invalid_value', message, { param: 'prompt', billed: 'no' })
}
