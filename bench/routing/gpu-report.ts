/** Tables and targets of the track with GPUs. */
import type { GpuJobResult, GpuPolicyResult } from './gpu-types.ts'
import { LEAST_SPREAD, mean, percent, quantile } from './statistics.ts'

const PRODUCT = 'halftone with GPUs'
const WITHOUT = 'halftone'
const STATIC = 'best fixed choice'
const PER_KIND = 'best fixed choice per kind'
const RULE = 'cheapest with batch'
type Reference = typeof STATIC | typeof PER_KIND

/** Least mean eta by volume from which on it is asked for. */
const TARGETS = [
  { volume: 700_000, eta: 0.75 },
  { volume: 2_500_000, eta: 0.92 },
] as const

export interface GpuTarget {
  readonly name: string
  readonly measured: string
  readonly isMet: boolean
}

function find({ policies }: GpuJobResult, name: string): GpuPolicyResult {
  const found = policies.find((each) => each.name === name)
  if (!found) throw new Error(`${name} was not run.`)
  return found
}

function shareSaved(result: GpuJobResult, usd: number, reference: Reference): number {
  const fixed = find(result, reference).totalUsd
  return (fixed - usd) / (fixed - result.bound.usd)
}

const keptFor = (results: readonly GpuJobResult[], reference: Reference): readonly GpuJobResult[] =>
  results.filter((result) => find(result, reference).totalUsd / result.bound.usd - 1 >= LEAST_SPREAD)

function etaCells(
  results: readonly GpuJobResult[],
  reference: Reference,
  usd: (result: GpuJobResult) => number,
): readonly string[] {
  const etas = keptFor(results, reference).map((result) => shareSaved(result, usd(result), reference))
  return etas.length === 0 ? ['', '', ''] : [mean(etas), quantile(etas, 0.1), Math.min(...etas)].map((eta) => eta.toFixed(3))
}

function moneyCells(results: readonly GpuJobResult[], usd: (result: GpuJobResult) => number): readonly string[] {
  const saved = [STATIC, PER_KIND, WITHOUT].map((name) =>
    percent(mean(results.map((result) => 1 - usd(result) / find(result, name).totalUsd))),
  )
  return [mean(results.map(usd)).toFixed(0), ...saved]
}

function policyRow(name: string, results: readonly GpuJobResult[]): string {
  const usd = (result: GpuJobResult): number => find(result, name).totalUsd
  const own = results.map((result) => find(result, name))
  const cells = [
    name,
    ...etaCells(results, STATIC, usd),
    ...etaCells(results, PER_KIND, usd),
    ...moneyCells(results, usd),
    percent(mean(own.map(({ late }) => late)), 2),
    percent(mean(own.map(({ belowFloor }) => belowFloor)), 2),
    percent(mean(own.map(({ success }) => success)), 3),
  ]
  return `| ${cells.join(' | ')} |`
}

/** The best month of who rents no GPU. */
function boundRow(results: readonly GpuJobResult[]): string {
  const usd = ({ boundWithout }: GpuJobResult): number => boundWithout.usd
  const etas = [...etaCells(results, STATIC, usd), ...etaCells(results, PER_KIND, usd)]
  return `| bound without GPUs | ${[...etas, ...moneyCells(results, usd)].join(' | ')} | | | |`
}

function seedRow(result: GpuJobResult): string {
  const product = find(result, PRODUCT)
  const { gpus } = product
  const cells = [
    result.seed,
    ...[result.bound.usd, result.boundWithout.usd].map((usd) => usd.toFixed(0)),
    ...[STATIC, PER_KIND, RULE, WITHOUT, PRODUCT].map((name) => find(result, name).totalUsd.toFixed(0)),
    ...([STATIC, PER_KIND] as const).map((reference) => shareSaved(result, product.totalUsd, reference).toFixed(3)),
    gpus?.paidHours ?? 0,
    gpus?.starts ?? 0,
    percent(gpus?.busyShare ?? 0, 0),
    (gpus?.pictures ?? 0).toLocaleString('en'),
    product.penaltiesUsd.toFixed(1),
  ]
  return `| ${cells.join(' | ')} |`
}

const isHarmless = (result: GpuJobResult): boolean =>
  find(result, PRODUCT).totalUsd <=
  1.01 * Math.min(...[WITHOUT, RULE, STATIC, PER_KIND].map((name) => find(result, name).totalUsd))

export function gpuTargets(volume: number, results: readonly GpuJobResult[]): readonly GpuTarget[] {
  const kept = keptFor(results, STATIC)
  const eta = mean(kept.map((result) => shareSaved(result, find(result, PRODUCT).totalUsd, STATIC)))
  const least = TARGETS.findLast((target) => volume >= target.volume)?.eta
  const product = results.map((result) => find(result, PRODUCT))
  const harmless = results.filter(isHarmless).length
  const late = mean(product.map((each) => each.late))
  const below = mean(product.map((each) => each.belowFloor))
  const success = mean(product.map((each) => each.success))
  const bounds = results.flatMap(({ bound, boundWithout }) => [bound, boundWithout])
  const gap = Math.max(...bounds.map((bound) => bound.gap))
  return [
    ...(least === undefined ? [] : [{ name: `eta, mean >= ${least}`, measured: eta.toFixed(3), isMet: eta >= least }]),
    {
      name: 'never more than 1 % above the cheapest rule, the best fixed choice or the router without GPUs',
      measured: `${harmless} of ${results.length} seeds`,
      isMet: harmless === results.length,
    },
    { name: 'interactive success >= 99.9 %', measured: percent(success, 3), isMet: success >= 0.999 },
    { name: 'late <= 1 %', measured: percent(late, 2), isMet: late <= 0.01 },
    { name: 'below floor <= 2 %', measured: percent(below, 2), isMet: below <= 0.02 },
    {
      name: 'gap of the bounds <= 0.5 %',
      measured: percent(gap, 4),
      isMet: gap <= 0.005 && bounds.every(({ unsolved }) => unsolved === 0),
    },
  ]
}

export function formatGpuVolume(volume: number, results: readonly GpuJobResult[], targets: readonly GpuTarget[]): string {
  const head = `| policy | eta: mean | p10 | min | eta, per kind: mean | p10 | min | $ / month | saves vs fixed | vs fixed per kind | vs no GPU | late | below floor | interactive success |`
  const seedHead =
    '| seed | bound | bound without GPUs | fixed | fixed per kind | cheapest with batch | halftone | halftone with GPUs | eta | eta, per kind | GPU hours | starts | busy | pictures by GPUs | penalties |'
  const dropped = results.filter((result) => !keptFor([result], STATIC).length).map(({ seed }) => seed)
  const line = (of: string): string => of.replaceAll(/[^|]+/g, '---')
  return [
    `## ${volume.toLocaleString('en')} pictures per month, with GPUs`,
    '',
    `Seeds ${results.map(({ seed }) => seed).join(', ')}; dropped from eta (less than 3 % to save): ${dropped.join(', ') || 'none'}.`,
    `Bound, mean: ${mean(results.map(({ bound }) => bound.usd)).toFixed(0)} USD; without GPUs ${mean(results.map(({ boundWithout }) => boundWithout.usd)).toFixed(0)} USD.`,
    `The month with GPUs took ${mean(results.map(({ seconds }) => seconds)).toFixed(0)} s of one core, history included.`,
    '',
    head,
    line(head),
    ...(results[0]?.policies ?? []).map(({ name }) => policyRow(name, results)),
    boundRow(results),
    '',
    seedHead,
    line(seedHead),
    ...results.map(seedRow),
    '',
    ...targets.map(({ name, measured, isMet }) => `${isMet ? 'ok    ' : 'MISSED'} ${name}: ${measured}`),
    '',
  ].join('\n')
}

/** One line per seed, for looking into. */
export function formatGpuSeed(result: GpuJobResult): string {
  const product = find(result, PRODUCT)
  const usd = (name: string): string => find(result, name).totalUsd.toFixed(0)
  const etas = ([STATIC, PER_KIND] as const).map((reference) => shareSaved(result, product.totalUsd, reference).toFixed(3))
  return `${result.volume} seed ${result.seed}: bound ${result.bound.usd.toFixed(0)} (gap ${percent(result.bound.gap, 4)}), fixed ${usd(STATIC)}, per kind ${usd(PER_KIND)}, rule ${usd(RULE)}, halftone ${usd(WITHOUT)}, with GPUs ${usd(PRODUCT)} (eta ${etas.join(', per kind ')}; ${product.gpus?.paidHours ?? 0} hours, penalties ${product.penaltiesUsd.toFixed(1)}, late ${percent(product.late, 2)}, below ${percent(product.belowFloor, 2)})`
}
