import type { Command } from 'commander'
import type { Explanation } from '../../contract/records.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { alignDecimals, dateTime, plain, usd, wrap } from '../format.ts'
import { idHelp, selectRequest } from '../select-request.ts'
import { renderPairs, renderTable } from '../table.ts'

interface Options extends ConnectOptions {
  readonly all?: boolean
}

export function define(command: Command, context: CliContext): void {
  command.argument('<id>', idHelp).option('--all', 'list every offer that was not eligible')
  withConnectOptions(command).action((id: string, options: Options) => explain(context, id, options))
}

async function explain(context: CliContext, typed: string, options: Options): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const id = await selectRequest(client, typed)
  const explanation = await client.call('explainRequest', { path: { id } })
  if (options.json) return out.json(explanation)
  for (const line of explanationLines(explanation, out, options.all === true)) out.line(line)
}

export function explanationLines(explanation: Explanation, out: Output, all: boolean): string[] {
  const { candidates, record_deleted_at: deletedAt } = explanation
  if (deletedAt !== null) {
    const text = `The record of ${explanation.request_id} was deleted after its time, ${dateTime(deletedAt)} UTC. What it cost: halftone receipt`
    return wrap(text, out.width)
  }
  const expected = alignDecimals(candidates.map((it) => usd(it.expected_usd)))
  const most = alignDecimals(candidates.map((it) => (it.max_usd === null ? 'no bound' : usd(it.max_usd))))
  const pairs: (readonly [string, string])[] = [
    ['Request', explanation.request_id],
    ['Route', `${explanation.route}, by ${explanation.objective}`],
    ['Price book', explanation.price_book],
    ...snapshotPairs(explanation),
    ...floorPair(explanation),
    ...exploredPair(explanation),
    ...observationPairs(explanation),
    ...(explanation.month_plan === undefined ? [] : [['Plan of the month', explanation.month_plan] as const]),
  ]
  const table = renderTable(
    [
      { header: '#', align: 'right' },
      { header: 'OFFER', shrinkTo: 16 },
      { header: 'SIZE' },
      { header: 'QUALITY' },
      { header: 'EXPECTED', align: 'right' },
      { header: 'AT MOST', align: 'right' },
      { header: 'SUCCESS', align: 'right' },
      { header: 'SCORE', align: 'right' },
    ],
    candidates.map((it, index) => ({
      cells: [
        String(index + 1),
        it.offer,
        it.size,
        it.quality ?? '-',
        expected[index] ?? '',
        most[index] ?? '',
        successText(it),
        it.score === null ? '-' : Number(it.score.toPrecision(4)).toString(),
      ],
    })),
    out,
  )
  return [
    ...renderPairs(pairs, out),
    '',
    ...(candidates.length === 0 ? ['No candidate was eligible.'] : table),
    ...finishingLines(candidates),
    ...plannedLines(candidates),
    ...feedbackLines(candidates),
    ...eliminationLines(explanation, out, all),
  ]
}

function snapshotPairs({ snapshot }: Explanation): (readonly [string, string])[] {
  if (!snapshot) return []
  const { config, route_managed_by: by, route_version: version, experience } = snapshot
  return [
    ...(by === null ? [] : [['Route version', version === null ? managedTexts[by] : `${version}, by API`] as const]),
    ['Configuration', config],
    ['Experience', experience],
  ]
}

const managedTexts = { file: 'of the configuration', api: 'by API', built_in: 'built in' } as const

/** What a route on trial did, or would have done. */
function observationPairs({ observation }: Explanation): (readonly [string, string])[] {
  if (!observation) return []
  const { arm, observes, named, routed, saved_usd: saved } = observation
  const textOf = (choice: typeof named): string =>
    choice
      ? `${choice.offer}${choice.quality === null ? '' : ` ${choice.quality}`}, ${usd(choice.expected_usd)}`
      : 'could not serve it'
  return [
    ['On trial', arm === 'observed' ? `served by ${observes}, as named` : 'served by the route'],
    ['Named model', textOf(named)],
    [arm === 'observed' ? 'Route would' : 'Route', textOf(routed)],
    ...(saved === null ? [] : [[arm === 'observed' ? 'Would save' : 'Saved', usd(saved)] as const]),
  ]
}

const floorTexts = {
  route: 'of the route',
  request: 'of the request',
  easy: 'the prompt was taken for easy',
  not_easy: 'the prompt was not taken for easy',
} as const

function floorPair({ floor }: Explanation): (readonly [string, string])[] {
  if (!floor) return []
  const { name, because, otherwise } = floor
  return [['Floor', `${name}, ${floorTexts[because]}${because === 'easy' ? `; else ${otherwise}` : ''}`]]
}

function exploredPair({ explored }: Explanation): (readonly [string, string])[] {
  return explored ? [['Tried', `${explored.offer} instead of ${explored.instead_of}, for ${usd(explored.extra_usd)} more`]] : []
}

/** With what it rests on: `98.1% of 12`, or `97.0% prior` of an offer that nobody used. */
function successText({ success, observations }: Explanation['candidates'][number]): string {
  if (success === null) return '-'
  const basis = observations === 0 ? ' prior' : observations ? ` of ${Math.max(1, Math.round(observations))}` : ''
  return `${(success * 100).toFixed(1)}%${basis}`
}

/** By which price it was compared, where that is not what is charged. */
function plannedLines(candidates: Explanation['candidates']): string[] {
  const lines = candidates.flatMap(({ planned_usd, shadow_usd = 0 }, index) => {
    if (planned_usd === undefined) return []
    const shadow = shadow_usd > 0 ? `, less ${shadow_usd} for a minimum spend that is not met` : ''
    return [`  ${index + 1}: ${planned_usd} USD${shadow}`]
  })
  return lines.length === 0 ? [] : ['', 'Compared by the planned price of the month:', ...lines]
}

/** Words that stand against a candidate under a higher floor than that of the request. */
function feedbackLines(candidates: Explanation['candidates']): string[] {
  const lines = candidates.flatMap(({ feedback }, index) => {
    if (!feedback) return []
    const { fails_at: floor, rejected, accepted, since, until } = feedback
    return [
      `  ${index + 1}: below floors of ${floor} and more until ${dateTime(until)} UTC, rejected ${rejected} and accepted ${accepted} since ${dateTime(since)}`,
    ]
  })
  return lines.length === 0 ? [] : ['', 'Rated down by what was said about its pictures:', ...lines]
}

/** What is done here to the pictures of which candidates. */
function finishingLines(candidates: Explanation['candidates']): string[] {
  const lines = candidates.flatMap(({ finishing }, index) =>
    finishing.length > 0 ? [`  ${index + 1}: ${finishing.join(', ')}`] : [],
  )
  return lines.length === 0 ? [] : ['', 'Finished here:', ...lines]
}

interface Eliminations {
  readonly eliminated_counts: Readonly<Record<string, number>>
  readonly eliminated: Explanation['eliminated']
}

/** `Not eligible: size 7, unpriced 2`, and with `all` each offer with its reason. */
export function eliminationLines({ eliminated_counts, eliminated }: Eliminations, out: Output, all: boolean): string[] {
  const counts = Object.entries(eliminated_counts)
    .sort(([, left], [, right]) => right - left)
    .map(([reason, count]) => `${reason} ${count}`)
  if (counts.length === 0) return []
  const summary = renderPairs([['Not eligible', counts.join(', ')]], out)
  if (!all) return ['', ...summary, out.paint('dim', 'Each with its reason: --all')]
  const rows = eliminated.map(({ offer, reason, detail }) => ({ cells: [offer, reason, plain(detail)] }))
  const columns = [{ header: 'OFFER', shrinkTo: 20 }, { header: 'REASON' }, { header: 'WHY', shrinkTo: 20 }]
  return ['', ...summary, '', ...renderTable(columns, rows, out)]
}
