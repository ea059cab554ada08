/** Exports: a file of a time, and which of its days changed. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  type ExportDaysQuery,
  type ExportDayWire,
  type ExportQueryInput,
  MAX_EXPORT_DAYS,
} from '../../contract/export-endpoints.ts'
import { HalftoneError } from '../../core/error.ts'
import { formatUsd, parseUsd } from '../../core/money.ts'
import { listAmount } from '../../core/pricing/index.ts'
import { type FocusSource, focusFile, mediaTypes, readFocusRows } from '../export/focus-file.ts'
import type { Call, Handler } from '../handler.ts'

const DAY_US = 86_400_000_000

export const exportFocus: Handler = async (call) => {
  // Checked by the endpoint's schema.
  const query = call.query as ExportQueryInput
  const source = sourceOf(call, query)
  const name = `focus-${query.version}-${query.from}-${query.to}.${query.format}`
  const body = Readable.from(focusFile(source, query.format), { objectMode: false })
  body.once('error', (err) => call.context.services.log.error({ err }, 'an export ended before its end'))
  await call.reply
    .header('content-type', mediaTypes[query.format])
    .header('content-disposition', `attachment; filename="${name}"`)
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
    .send(body)
  return undefined
}

export const listExportDays: Handler = async (call) => {
  const query = call.query as ExportDaysQuery
  const source = sourceOf(call, query)
  const days = await source.exports.days(source.query)
  const data: ExportDayWire[] = []
  for (const { dayUs, content } of days) {
    const mark = createHash('sha256').update(`${query.version}\n${content}`).digest('hex')
    const span = { ...source.query, fromUs: dayUs, toUs: dayUs + DAY_US }
    const sums = query.sums === 'true' ? await sumsOf({ ...source, query: span }) : undefined
    data.push({
      day: new Date(dayUs / 1_000).toISOString().slice(0, 10),
      content: mark,
      rows: sums?.rows ?? null,
      billed_usd: sums ? formatUsd(sums.billed) : null,
      effective_usd: sums ? formatUsd(sums.effective) : null,
      ledger_usd: sums ? formatUsd(sums.ledger) : null,
    })
  }
  return { object: 'list', data }
}

async function sumsOf(source: FocusSource) {
  const sums = { rows: 0, billed: 0n, effective: 0n, ledger: 0n }
  for await (const row of readFocusRows(source)) {
    sums.rows += 1
    sums.billed += parseUsd(row.BilledCost ?? '0')
    sums.effective += parseUsd(row.EffectiveCost ?? '0')
    sums.ledger += parseUsd(row.x_LedgerCost ?? '0')
  }
  return sums
}

/** Region and tier of `<provider>:<publisher>/<model>[@<region>][+<tier>]`. */
function placeOf(offer: string): { readonly region?: string; readonly tier?: string } {
  const [, region, tier] = /^[^@+]*(?:@([^+]+))?(?:\+(.+))?$/.exec(offer) ?? []
  return { ...(region !== undefined && { region }), ...(tier !== undefined && { tier }) }
}

/** Money that is not incurred yet, such as lots that begin later, is not exported. */
function sourceOf(
  { context }: Call,
  { from, to, version, sandbox }: Pick<ExportQueryInput, 'from' | 'to' | 'version' | 'sandbox'>,
): FocusSource {
  const [fromUs, endUs] = [Date.parse(from) * 1_000, Date.parse(to) * 1_000]
  if (endUs <= fromUs)
    throw new HalftoneError('invalid_value', 'to must be after from: it is the day after the last.', { param: 'to' })
  if (endUs - fromUs > MAX_EXPORT_DAYS * DAY_US)
    throw new HalftoneError('invalid_value', `At most ${MAX_EXPORT_DAYS} days are exported at once.`, { param: 'to' })
  const { ledger, clock } = context.services
  const { providers, prices } = context.current()
  return {
    exports: ledger.exports,
    version,
    providerTypeOf: (provider) => providers.get(provider)?.type,
    listOf: (charge, { offer, provider, providerType, model }) =>
      listAmount(prices, charge, { provider, providerType, model, ...placeOf(offer) }, charge.incurredUs),
    query: { fromUs, toUs: Math.max(fromUs, Math.min(endUs, clock.nowUs() + 1)), sandbox: sandbox === 'true' },
  }
}
