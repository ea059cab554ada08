/** Changes that would have saved, in words: what to do, and what the figure takes for granted. */
import type { ReportChange } from '../../contract/report.ts'
import { formatUsd } from '../../core/money.ts'
import type { CommitmentChange } from '../../core/report/commitments.ts'
import type { Change, EffectSum } from '../../core/report/what-if.ts'

export interface ChangeInput extends Change {
  readonly wire: Omit<ReportChange, 'saved_usd' | 'further_usd'>
}

const SAME_PRICES =
  'Every call is quoted twice at the prices of its own moment, as it was and as it would have been; tries in vain stay out.'

export const effectInput = (sum: EffectSum): ChangeInput => ({
  savedNanoUsd: sum.savedNanoUsd,
  savings: sum.savings,
  wire: {
    kind: sum.effect.kind,
    where: sum.effect.where,
    from: sum.effect.from,
    to: sum.effect.to,
    calls: sum.calls,
    now_usd: formatUsd(sum.nowNanoUsd),
    error_usd: formatUsd(sum.errorNanoUsd),
    title: titleOf(sum.effect),
    assumptions: assumptionsOf(sum.effect),
  },
})

function titleOf({ kind, where, from, to, chosenBy }: EffectSum['effect']): string {
  switch (kind) {
    case 'offer':
      return `Buy ${where} as ${to} instead of ${from}`
    case 'batch':
      return `Send what has a day's time to ${to} instead of ${from}`
    case 'repeats':
      return 'Send an Idempotency-Key, so that the same request is not paid twice'
    case 'auto':
      return `Ask for auto instead of ${from}, at no lower a quality than ${where}`
    default:
      return `${kind}: ${to} instead of ${from} on ${where}${chosenBy === 'default' ? ', where nobody asked for it' : ''}`
  }
}

function assumptionsOf({ kind }: EffectSum['effect']): string[] {
  switch (kind) {
    case 'offer':
      return [SAME_PRICES, 'The same model with the same settings; that it succeeds as often there is taken for granted.']
    case 'batch':
      return [SAME_PRICES, 'Only calls of routes whose requests have a day; the answer comes within hours.']
    case 'auto':
      return [
        'Every call is decided again by the router, which learns from the calls before it; its own tries in vain are in the figure.',
        'Quality is the public prior of each model and setting; the pictures are made by other models.',
      ]
    case 'repeats':
      return [
        'Calls of requests that equal one of the same key which had succeeded less than a minute before, at what they were charged.',
        'Some of them may have wanted a second picture.',
      ]
    default:
      return [SAME_PRICES, 'The pictures would be others: whether they would do is not known.']
  }
}

export const commitmentInput = (change: CommitmentChange): ChangeInput => {
  const { kind, provider, commitment, lots, savedNanoUsd } = change
  const smaller = kind === 'smaller_lot'
  return {
    savedNanoUsd,
    wire: {
      kind,
      where: `${provider} ${commitment}`,
      from: smaller ? 'as bought' : 'bought as used',
      to: smaller ? 'as much as was used' : `${lots} more in advance`,
      calls: 0,
      now_usd: formatUsd(savedNanoUsd),
      error_usd: formatUsd(0n),
      title: smaller
        ? `Buy less of ${commitment} at ${provider} in advance: part of what was paid ended unused`
        : `Buy ${lots} more of ${commitment} at ${provider} in advance`,
      assumptions: [
        smaller
          ? 'In hindsight: sized to what was used, at the same price per unit.'
          : 'In hindsight: on the terms of the newest lot, for what was charged beyond what lots covered.',
        'Not added to the other changes: what it saves depends on how much is still bought there.',
      ],
    },
  }
}
