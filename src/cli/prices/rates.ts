/** `prices list`, `show` and `history`: what is in the book, read from this machine's files. */
import { changeWire, priceListWire } from '../../contract/prices.ts'
import type { RateChange } from '../../core/pricing/diff.ts'
import { isInForce, means, priceHistory, type RateRow } from '../../core/pricing/rate-rows.ts'
import { STALE_AFTER_DAYS } from '../../core/pricing/summary.ts'
import { type ConfigOptions, configFlags } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { CliError } from '../exit.ts'
import { plain, plural, wrap } from '../format.ts'
import { renderTable } from '../table.ts'

export interface PriceOptions extends ConfigOptions {
  readonly json?: boolean
}

export async function priceConfig({ env, cwd }: CliContext, options: ConfigOptions) {
  const { loadFullConfig } = await import('../../compose/offline.ts')
  return (await loadFullConfig({ env, cwd, flags: configFlags(options) })).config
}

async function readView(context: CliContext, options: ConfigOptions) {
  const { readPriceView } = await import('../../compose/prices.ts')
  return readPriceView(await priceConfig(context, options))
}

function groupRows<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const group = groups.get(keyOf(row))
    if (group) group.push(row)
    else groups.set(keyOf(row), [row])
  }
  return groups
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

/** One unit of a price, as it is read aloud: `$0.04 per image`, `$30 per 1,000,000 image tokens out`. */
export function priceText({
  price,
  unit,
  per,
  meter,
  tiers,
}: Pick<RateRow, 'price' | 'unit' | 'per' | 'meter' | 'tiers'>): string {
  const amount = unit === 'USD' ? `$${price}` : `${price} ${unit}`
  return `${amount} per ${meterText(meter, per)}${tiers === null ? '' : ` (${tiers})`}`
}

const meterText = (meter: string, per: string): string =>
  per === '1' ? meter : `${per.replace(/\B(?=(\d{3})+(?!\d))/g, ',')} ${meter}`

interface ListOptions extends PriceOptions {
  readonly all?: boolean
  readonly unpriced?: boolean
  readonly stale?: boolean
}

export async function listPrices(context: CliContext, typed: string | undefined, options: ListOptions): Promise<void> {
  const { out } = context
  const view = await readView(context, options)
  const today = dayOf(context.nowMs())
  const wanted = (row: { provider: string; model: string }): boolean => typed === undefined || means(typed, row)
  const current = (row: RateRow): boolean =>
    options.all === true || (isInForce(row, today) && (row.retiredAt === null || today < row.retiredAt))
  const rates = options.unpriced ? [] : view.rates.filter((row) => wanted(row) && current(row) && (!options.stale || row.stale))
  const unpriced = options.stale ? [] : view.unpriced.filter(wanted)
  if (options.json) return out.json(priceListWire({ ...view, rates, unpriced }))
  if (rates.length === 0 && unpriced.length === 0) throw nothingFound(typed)
  out.line(out.paint('dim', bookText(view)))
  out.line()
  const skus = groupRows(rates, (row) => `${row.provider}\n${row.sku}`)
  const rows = [...skus.values()].map((its) => ({ cells: summaryCells(its) }))
  if (rows.length > 0)
    for (const line of renderTable(
      [
        { header: 'PROVIDER', shrinkTo: 10 },
        { header: 'MODEL', shrinkTo: 16 },
        { header: 'PRICE', shrinkTo: 20 },
        { header: 'CHECKED', shrinkTo: 10 },
      ],
      rows,
      out,
    ))
      out.line(line)
  for (const line of unpricedLines(unpriced, out)) out.line(line)
  out.line()
  out.line(plainSummary(rates, unpriced.length))
}

const bookText = ({ version, origin }: { version: string; origin: string }): string => `Price book ${version}, ${origin}`

function summaryCells(rows: readonly RateRow[]): string[] {
  const [first] = rows as readonly [RateRow]
  const families = new Set(rows.map(({ meter, per, unit }) => `${meter} ${per} ${unit}`))
  const prices = rows.map(({ price }) => price).sort((a, b) => Number(a) - Number(b))
  const [low = '', high = ''] = [prices[0], prices.at(-1)]
  const range = low === high ? low : `${low}-${high}`
  const price =
    families.size === 1 ? priceText({ ...first, price: range, tiers: null }) : `${plural(families.size, 'meter')}, see \`show\``
  const sources = new Set(rows.map(({ source }) => source.kind))
  const oldest = rows.reduce((a, b) => (a.source.checkedAt <= b.source.checkedAt ? a : b))
  return [
    first.provider,
    [first.model, first.region && `@${first.region}`, first.tier && `+${first.tier}`].filter(Boolean).join(''),
    price,
    `${oldest.source.checkedAt} ${[...sources].join(', ')}${oldest.stale ? ', stale' : ''}`,
  ]
}

function unpricedLines(rows: readonly { provider: string; model: string; reason: string }[], out: Output): string[] {
  if (rows.length === 0) return []
  return [
    '',
    out.paint('bold', 'No known price: not routable until you set one'),
    ...rows.flatMap(({ provider, model, reason }) => [
      `${provider}:${model}`,
      ...wrap(plain(reason), out.width - 2).map((line) => `  ${out.paint('dim', line)}`),
    ]),
  ]
}

function plainSummary(rates: readonly RateRow[], unpriced: number): string {
  const stale = rates.filter((row) => row.stale).length
  return [
    plural(rates.length, 'rate'),
    ...(unpriced > 0 ? [`${plural(unpriced, 'model')} without a price`] : []),
    stale === 0 ? 'none stale' : `${stale} stale: not compared with the source for more than ${STALE_AFTER_DAYS} days`,
  ].join(', ')
}

const nothingFound = (typed: string | undefined): CliError =>
  new CliError('usage', `The price book has nothing under "${typed ?? ''}".`, {
    remedy: '`halftone prices list` shows every provider and model.',
  })

export async function showPrices(context: CliContext, typed: string, options: PriceOptions): Promise<void> {
  const { out } = context
  const view = await readView(context, options)
  const today = dayOf(context.nowMs())
  const rates = view.rates.filter((row) => means(typed, row))
  const unpriced = view.unpriced.filter((row) => means(typed, row))
  if (rates.length === 0 && unpriced.length === 0) throw nothingFound(typed)
  if (options.json) return out.json(priceListWire({ ...view, rates, unpriced }))
  out.line(out.paint('dim', bookText(view)))
  for (const [, its] of groupRows(rates, (row) => `${row.provider}\n${row.sku}`))
    for (const line of skuLines(its, today, out)) out.line(line)
  for (const line of unpricedLines(unpriced, out)) out.line(line)
}

function skuLines(rows: readonly RateRow[], today: string, out: Output): string[] {
  const [first] = rows as readonly [RateRow]
  const head = `${first.provider}: ${first.model}${first.region ? `, region ${first.region}` : ''}${first.tier ? `, tier ${first.tier}` : ''}`
  const retired = first.retiredAt === null ? [] : [`no longer sold since ${first.retiredAt}`]
  return [
    '',
    out.paint('bold', head),
    ...[...retired, ...first.adjustments].flatMap((text) => wrap(plain(text), out.width)),
    ...rows.flatMap((row) => rateLines(row, today, out)),
  ]
}

function rateLines(row: RateRow, today: string, out: Output): string[] {
  const until = row.effectiveTo === null ? '' : ` until ${row.effectiveTo}`
  const state = isInForce(row, today) ? '' : row.effectiveFrom > today ? ' (from then on)' : ' (ended)'
  const note = row.source.note === undefined ? '' : `; ${row.source.note}`
  const indent = (text: string, by: number) => wrap(plain(text), out.width - by).map((line) => ' '.repeat(by) + line)
  return [
    ...indent(`${priceText(row)}${row.when === '' ? '' : `, ${row.when}`}`, 2),
    ...indent(`since ${row.effectiveFrom}${until}${state}; ${ageText(row)}, ${row.source.kind}: ${row.source.url}${note}`, 4).map(
      (line) => out.paint(row.stale ? 'yellow' : 'dim', line),
    ),
  ]
}

const ageText = ({ source, ageDays, stale }: RateRow): string =>
  `checked ${source.checkedAt} (${plural(ageDays, 'day')} ago${stale ? ', stale' : ''})`

export async function showHistory(context: CliContext, typed: string, options: PriceOptions): Promise<void> {
  const { out } = context
  const view = await readView(context, options)
  const rows = priceHistory(view.rates, typed)
  if (rows.length === 0) throw nothingFound(typed)
  if (options.json) return out.json(priceListWire({ ...view, rates: rows, unpriced: [] }))
  out.line(out.paint('dim', bookText(view)))
  for (const [, its] of groupRows(rows, (row) => [row.provider, row.sku, row.meter, row.when].join('\n'))) {
    const [first] = its as readonly [RateRow]
    out.line()
    for (const line of wrap(
      `${first.provider}: ${first.sku}, ${first.meter}${first.when === '' ? '' : `, ${first.when}`}`,
      out.width,
    ))
      out.line(out.paint('bold', line))
    const table = renderTable(
      [{ header: 'FROM' }, { header: 'TO' }, { header: 'PRICE', shrinkTo: 16 }, { header: 'SOURCE', shrinkTo: 20 }],
      its.map((row) => ({
        cells: [
          row.effectiveFrom,
          row.effectiveTo ?? 'now',
          priceText(row),
          `${row.source.kind}, ${row.source.checkedAt} ${row.source.url}`,
        ],
      })),
      out,
    )
    for (const line of table) out.line(line)
  }
}

// --- differences -----------------------------------------------------------------------------------------------------

/** A reviewed diff: by provider and model, each change on its lines. */
export function changeLines(changes: readonly RateChange[], out: Output): string[] {
  const groups = groupRows(changes, ({ provider, model }) => `${provider}: ${model}`)
  return [...groups].flatMap(([title, its]) => ['', out.paint('bold', title), ...its.flatMap((change) => oneChange(change, out))])
}

const marks = { added: '+', ended: '-', changed: '~' } as const

function oneChange(change: RateChange, out: Output): string[] {
  const { kind, before, after, when, percent, details } = change
  const row = (after ?? before) as RateRow
  const place = `${when === '' ? '' : `, ${when}`}, from ${row.effectiveFrom}`
  const prices =
    before && after && percent !== '0'
      ? `${priceText(before)} -> ${priceText(after)}${percent === null ? '' : ` (${percent} %)`}`
      : priceText(row)
  const style = kind === 'added' ? 'green' : kind === 'ended' ? 'red' : 'yellow'
  const [first = '', ...rest] = wrap(`${prices}${place}`, out.width - 4)
  return [
    `  ${out.paint(style, marks[kind])} ${first}`,
    ...rest.map((line) => `    ${line}`),
    ...details.flatMap((text) => wrap(plain(text), out.width - 6).map((line) => `      ${out.paint('dim', line)}`)),
  ]
}

export const changesText = (changes: readonly RateChange[]): string => {
  const count = (kind: RateChange['kind']) => changes.filter((change) => change.kind === kind).length
  return `${count('added')} added, ${count('ended')} ended, ${count('changed')} changed`
}

interface DiffOptions extends PriceOptions {
  /** Two ISO dates. */
  readonly at?: readonly string[]
}

export async function diffPrices(context: CliContext, [a, b]: readonly string[], options: DiffOptions): Promise<void> {
  const { out, cwd, signal } = context
  const config = await priceConfig(context, options)
  const { readRatesOf, readPriceView } = await import('../../compose/prices.ts')
  const { diffDates, diffRates } = await import('../../core/pricing/diff.ts')
  const read = (named: string) => readRatesOf(config, named, { cwd, signal })
  const { at } = options
  if (at === undefined && (a === undefined || b === undefined))
    throw new CliError('usage', 'Name two sets of prices, or two days with --at.', {
      remedy: 'Such as `halftone prices diff shipped current`, or `halftone prices diff --at 2026-06-01 2026-11-01`.',
    })
  if (at !== undefined && (at.length !== 2 || at.some((day) => !/^\d{4}-\d{2}-\d{2}$/.test(day))))
    throw new CliError('usage', '--at takes two days such as 2026-06-01 2026-11-01.')
  const [from = '', to = ''] = at ?? []
  const changes =
    at === undefined
      ? diffRates(await read(a ?? ''), await read(b ?? ''))
      : diffDates(a === undefined ? (await readPriceView(config)).rates : await read(a), from, to)
  if (options.json) return out.json({ object: 'price_diff', changes: changes.map(changeWire) })
  for (const line of changeLines(changes, out).slice(1)) out.line(line)
  if (changes.length > 0) out.line()
  out.line(changes.length === 0 ? 'No difference.' : changesText(changes))
}
