/** `prices rerate`, `drafts`, `accept` and `reject`: through the running gateway, else on the stopped gateway's ledger. */
import type { Config } from '../../config/index.ts'
import { draftWire, type PriceDraftWire, type RerateReportWire, rerateWire } from '../../contract/prices.ts'
import type { Client } from '../client.ts'
import { confirm } from '../confirm.ts'
import { type ConnectOptions, connect } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { CliError } from '../exit.ts'
import { dateTime, plain, plural, usd, wrap } from '../format.ts'
import { renderPairs, renderTable } from '../table.ts'
import { priceConfig, priceText } from './rates.ts'

/** An address that was named is meant; else a gateway that does not answer is one that is stopped. */
async function onLedger<T>(
  context: CliContext,
  options: ConnectOptions,
  ways: { readonly gateway: (client: Client) => Promise<T>; readonly offline: (config: Config) => Promise<T> },
): Promise<T> {
  const client = await connect(context, options)
  try {
    return await ways.gateway(client)
  } catch (error) {
    if (!(error instanceof CliError) || error.exit !== 'noGateway' || options.url !== undefined) throw error
    return ways.offline(await priceConfig(context, options))
  }
}

interface RerateOptions extends ConnectOptions {
  readonly since: string
  readonly dryRun?: boolean
  readonly yes?: boolean
}

export async function reratePrices(context: CliContext, options: RerateOptions): Promise<void> {
  const { out, signal } = context
  const since = Date.parse(options.since)
  if (!/^\d{4}-\d{2}-\d{2}/.test(options.since) || Number.isNaN(since))
    throw new CliError('usage', `"${options.since}" is no day.`, { remedy: 'Write it like 2026-11-01.' })
  const dryRun = options.dryRun === true
  if (!dryRun) await confirm(context, `Price every call since ${options.since} again, and post the differences?`, options.yes)
  const report = await onLedger(context, options, {
    gateway: (client) => client.call('rerate', { body: { since: options.since, dry_run: dryRun } }),
    offline: async (config) => {
      const { rerateOffline } = await import('../../compose/price-work.ts')
      return rerateWire(await rerateOffline(config, { sinceUs: since * 1000, dryRun, signal }))
    },
  })
  if (options.json) return out.json(report)
  for (const line of rerateLines(report, out)) out.line(line)
}

const LISTED = 20

function rerateLines(report: RerateReportWire, out: Output): string[] {
  const { corrections, skipped, kept } = report
  const pairs: (readonly [string, string])[] = [
    ['Since', `${dateTime(report.since)} UTC`],
    ['Price book', report.price_book],
    ['Looked at', plural(report.examined, 'settled attempt')],
    ['Unchanged', String(report.unchanged)],
    ...(kept === 0 ? [] : [['Kept', `${kept}: reported or invoiced by the provider`] as const]),
    [report.dry_run ? 'Would correct' : 'Corrected', `${report.corrected}, ${usd(report.corrected_usd)} in all`],
    ...skipped.map(({ reason, attempts, example }) => ['Skipped', `${attempts}: ${plain(reason)} (such as ${example})`] as const),
  ]
  const rows = corrections
    .slice(0, LISTED)
    .map((each) => ({ cells: [each.request_id, each.offer, usd(each.was_usd), usd(each.is_usd)] }))
  const table = renderTable(
    [
      { header: 'REQUEST', shrinkTo: 13 },
      { header: 'OFFER', shrinkTo: 16 },
      { header: 'WAS', align: 'right' },
      { header: 'IS', align: 'right' },
    ],
    rows,
    out,
  )
  const more = report.corrected > rows.length ? [`... and ${report.corrected - rows.length} more; --json lists a thousand.`] : []
  return [
    ...renderPairs(pairs, out),
    ...(rows.length === 0 ? [] : ['', ...table, ...more]),
    ...(report.dry_run ? ['', 'Nothing was posted: --dry-run.'] : []),
  ]
}

interface DraftOptions extends ConnectOptions {
  readonly all?: boolean
}

export async function listDrafts(context: CliContext, options: DraftOptions): Promise<void> {
  const { out, signal } = context
  const every = await onLedger(context, options, {
    gateway: async (client) => (await client.call('reviewPrices')).data,
    offline: async (config) => {
      const { reviewOffline } = await import('../../compose/price-work.ts')
      return (await reviewOffline(config, signal)).map(draftWire)
    },
  })
  const drafts = every.filter(({ status }) => options.all === true || status === 'open')
  if (options.json) return out.json({ object: 'list', data: drafts })
  if (drafts.length === 0) return out.line('No drafted price: no provider reports another price than ours again and again.')
  for (const [index, draft] of drafts.entries()) {
    if (index > 0) out.line()
    for (const line of draftLines(draft, out)) out.line(line)
  }
}

function draftLines(draft: PriceDraftWire, out: Output): string[] {
  const { id, status, provider, model, rates, ratio, attempts, requests } = draft
  const changes = rates.map((rate) => `${priceText({ ...rate, tiers: null })} -> ${rate.proposed} (${rate.rate_id})`)
  const shown = attempts.slice(0, 5).join('\n')
  return [
    out.paint('bold', `${id}  ${provider}: ${model}${status === 'open' ? '' : `, ${status}`}`),
    ...renderPairs(
      [
        ['Change', changes.join('\n')],
        ['From', draft.effective_from],
        ['Evidence', `${plural(attempts.length, 'attempt')} of ${plural(requests, 'request')} reported ${ratio} times our price`],
        ['Attempts', `${shown}${attempts.length > 5 ? `\nand ${attempts.length - 5} more` : ''}`],
        ...(draft.installed_version === null ? [] : [['Installed', draft.installed_version] as const]),
      ],
      out,
    ),
  ]
}

interface DecideOptions extends ConnectOptions {
  readonly yes?: boolean
}

export async function acceptDraft(context: CliContext, id: string, options: DecideOptions): Promise<void> {
  const { out } = context
  await confirm(context, `Install the prices of draft ${id}?`, options.yes)
  const draft = await onLedger(context, options, {
    gateway: (client) => client.call('acceptPriceDraft', { path: { id } }),
    offline: async (config) => {
      const { acceptOffline } = await import('../../compose/price-work.ts')
      return draftWire(await acceptOffline(config, id))
    },
  })
  if (options.json) return out.json(draft)
  out.line(`Accepted ${draft.id}: prices ${draft.installed_version} are installed.`)
  const next = `What was charged since ${draft.effective_from} is corrected by \`halftone prices rerate --since ${draft.effective_from}\`.`
  for (const line of wrap(next, out.width)) out.line(line)
}

export async function rejectDraft(context: CliContext, id: string, options: DecideOptions): Promise<void> {
  const { out } = context
  const draft = await onLedger(context, options, {
    gateway: (client) => client.call('rejectPriceDraft', { path: { id } }),
    offline: async (config) => {
      const { rejectOffline } = await import('../../compose/price-work.ts')
      return draftWire(await rejectOffline(config, id))
    },
  })
  if (options.json) return out.json(draft)
  out.line(`Rejected ${draft.id}. The same evidence does not draft it again.`)
}
