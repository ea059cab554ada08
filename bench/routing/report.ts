/** Tables and targets of the routing benchmark. */
import type { Calibration } from './calibration.ts'
import type { DecidingFigures } from './deciding.ts'
import { LEAST_SPREAD, mean, percent, quantile } from './statistics.ts'
import type { JobResult, PolicyResult } from './types.ts'

export const PRODUCT = 'halftone'
/** C_static as the benchmark defines it, one deployment per workload, and the finer one that is harder to save against. */
const STATIC = 'best fixed choice'
const PER_KIND = 'best fixed choice per kind'
type Reference = typeof STATIC | typeof PER_KIND
const RULE = 'cheapest with batch'
/** Most milliseconds of one decision. */
const DECIDING_MS = 0.3

export const isQuick = ({ steady }: DecidingFigures): boolean => steady.p99Ms < DECIDING_MS

export const decidingLine = (figures: DecidingFigures): string => {
  const { steady, first } = figures
  return [
    `${isQuick(figures) ? 'ok    ' : 'MISSED'} plan() over ${steady.candidates} candidates, prices included, p99 < ${DECIDING_MS} ms: ${steady.p99Ms.toFixed(3)} ms (median ${steady.p50Ms.toFixed(3)}; ${steady.interrupted} interrupted rounds left out)`,
    `       of a kind of request never seen before: median ${first.p50Ms.toFixed(3)} ms, p99 ${first.p99Ms.toFixed(3)} ms\n`,
  ].join('\n')
}

export interface Target {
  readonly name: string
  readonly measured: string
  readonly isMet: boolean
}

export interface VolumeReport {
  readonly volume: number
  readonly seeds: readonly number[]
  readonly lines: readonly string[]
  readonly targets: readonly Target[]
}

const find = ({ policies }: JobResult, name: string): PolicyResult => {
  const found = policies.find((each) => each.name === name)
  if (!found) throw new Error(`${name} was not run.`)
  return found
}

const etaOf = (result: JobResult, name: string, reference: Reference = STATIC): number =>
  shareSaved(result, find(result, name).totalUsd, reference)

/** The most that a policy can reach on average: see `unforeseenUsd`. */
const ceilingOf = (result: JobResult, reference: Reference = STATIC): number =>
  shareSaved(result, result.unforeseenUsd, reference)

/** eta: of what could be saved against a reference. */
function shareSaved(result: JobResult, usd: number, reference: Reference): number {
  const fixed = find(result, reference).totalUsd
  return (fixed - usd) / (fixed - result.bound.usd)
}

const keptFor = (results: readonly JobResult[], reference: Reference): readonly JobResult[] =>
  results.filter((result) => find(result, reference).totalUsd / result.bound.usd - 1 >= LEAST_SPREAD)

export function reportVolume(volume: number, results: readonly JobResult[]): VolumeReport {
  const names = results[0]?.policies.map(({ name }) => name) ?? []
  const head = `| policy | ${etaHead('eta')} | ${etaHead('eta, per kind')} | $ / month | saves vs fixed | saves vs fixed per kind | late | below floor | interactive success |`
  const rows = [...names.map((name) => row(name, results)), ceilingRow(results)]
  return {
    volume,
    seeds: results.map(({ seed }) => seed),
    lines: [head, head.replaceAll(/[^|]+/g, '---'), ...rows],
    targets: targetsOf(results, keptFor(results, STATIC)),
  }
}

const etaHead = (name: string): string => `${name}: mean | p10 | min`

/** Mean, p10 and least over the seeds with enough to save. */
function etaCells(results: readonly JobResult[], reference: Reference, eta: (result: JobResult) => number): readonly string[] {
  const etas = keptFor(results, reference).map(eta)
  return etas.length > 0 ? [mean(etas), quantile(etas, 0.1), Math.min(...etas)].map((value) => value.toFixed(3)) : ['', '', '']
}

const savedCells = (results: readonly JobResult[], usd: (result: JobResult) => number): readonly string[] => [
  mean(results.map(usd)).toFixed(0),
  ...[STATIC, PER_KIND].map((name) => percent(mean(results.map((result) => 1 - usd(result) / find(result, name).totalUsd)))),
]

/** Of who knows all but what nobody can know in time. */
function ceilingRow(results: readonly JobResult[]): string {
  const cells = [
    'nothing to learn, nothing foreseen',
    ...etaCells(results, STATIC, (result) => ceilingOf(result)),
    ...etaCells(results, PER_KIND, (result) => ceilingOf(result, PER_KIND)),
    ...savedCells(results, ({ unforeseenUsd }) => unforeseenUsd),
  ]
  return `| ${cells.join(' | ')} | | | |`
}

function row(name: string, results: readonly JobResult[]): string {
  const own = results.map((result) => find(result, name))
  const cells = [
    name,
    ...etaCells(results, STATIC, (result) => etaOf(result, name)),
    ...etaCells(results, PER_KIND, (result) => etaOf(result, name, PER_KIND)),
    ...savedCells(results, (result) => find(result, name).totalUsd),
    percent(mean(own.map(({ late }) => late)), 2),
    percent(mean(own.map(({ belowFloor }) => belowFloor)), 2),
    percent(mean(own.map(({ success }) => success)), 3),
  ]
  return `| ${cells.join(' | ')} |`
}

function targetsOf(results: readonly JobResult[], kept: readonly JobResult[]): Target[] {
  const etas = kept.map((result) => etaOf(result, PRODUCT))
  const product = results.map((result) => find(result, PRODUCT))
  const harmless = results.filter(
    (result) =>
      find(result, PRODUCT).totalUsd <= 1.01 * Math.min(...[RULE, STATIC, PER_KIND].map((name) => find(result, name).totalUsd)),
  )
  const gap = Math.max(...results.map(({ bound }) => bound.gap))
  const unsolved = results.reduce((sum, { bound }) => sum + bound.unsolved, 0)
  const success = mean(product.map((each) => each.success))
  const late = mean(product.map((each) => each.late))
  const below = mean(product.map((each) => each.belowFloor))
  const recovery = product.flatMap((each) => each.recovery)
  const slowest = recovery.length === 0 ? 0 : Math.max(...recovery)
  const millionSeconds = 1e6 / mean(results.map(({ requestsPerSecond }) => requestsPerSecond))
  const refusals = product.map(({ calibration }) => calibration.refusal)
  const growth = mean(product.map(({ heapGrowth }) => heapGrowth))
  const decision = Math.max(...product.map(({ decisionP99Ms }) => decisionP99Ms))
  return [
    { name: 'eta, mean >= 0.92', measured: mean(etas).toFixed(3), isMet: mean(etas) >= 0.92 },
    { name: 'eta, p10 >= 0.85', measured: quantile(etas, 0.1).toFixed(3), isMet: quantile(etas, 0.1) >= 0.85 },
    {
      name: 'never more than 1 % above the cheapest rule or either fixed choice',
      measured: `${harmless.length} of ${results.length} seeds`,
      isMet: harmless.length === results.length,
    },
    { name: 'interactive success >= 99.9 %', measured: percent(success, 3), isMet: success >= 0.999 },
    { name: 'late <= 1 %', measured: percent(late, 2), isMet: late <= 0.01 },
    { name: 'below floor <= 2 %', measured: percent(below, 2), isMet: below <= 0.02 },
    {
      name: `the new choice within 150 requests after a change of price can be seen (${recovery.length} times a choice changed)`,
      measured: `${quantile(recovery, 0.5) || 0} in the median, ${slowest} at most`,
      isMet: slowest <= 150,
    },
    {
      name: 'chance of refusal: expected within 1 point of what was observed, and better than always the mean',
      measured: `${percent(mean(refusals.map(({ expected }) => expected)), 2)} of ${percent(mean(refusals.map(({ observed }) => observed)), 2)}`,
      isMet: isCalibrated(refusals),
    },
    {
      name: '1,000,000 requests within 60 s of one core (history included; time of the thread, not of a busy machine)',
      measured: `${millionSeconds.toFixed(0)} s`,
      isMet: millionSeconds <= 60,
    },
    {
      name: 'memory flat: what is live after three quarters of the month <= 1.25 of that in its middle',
      measured: growth.toFixed(2),
      isMet: growth <= 1.25,
    },
    { name: 'gap of the bound <= 0.5 %', measured: percent(gap, 4), isMet: gap <= 0.005 && unsolved === 0 },
    { name: 'decision, p99 <= 2 ms', measured: `${decision.toFixed(3)} ms`, isMet: decision <= 2 },
  ]
}

const isCalibrated = (all: readonly Calibration[]): boolean =>
  Math.abs(mean(all.map(({ expected, observed }) => expected - observed))) <= 0.01 &&
  mean(all.map(({ model }) => model)) < mean(all.map(({ constant }) => constant))

export function formatVolume({ volume, seeds, lines, targets }: VolumeReport, results: readonly JobResult[]): string {
  return [
    `## ${volume.toLocaleString('en')} pictures per month`,
    '',
    `Seeds ${seeds.join(', ')}; dropped for less than 3 % to save: from eta ${droppedText(results, STATIC)}, from eta per kind ${droppedText(results, PER_KIND)}.`,
    `C_static, mean: ${meanUsd(results, STATIC)} USD with one deployment per workload (eta), ${meanUsd(results, PER_KIND)} USD with one per kind of request (eta, per kind).`,
    `Bound, mean: ${mean(results.map(({ bound }) => bound.usd)).toFixed(0)} USD.`,
    ...calibrationLines(results),
    `Simulated ${Math.round(mean(results.map(({ requestsPerSecond }) => requestsPerSecond))).toLocaleString('en')} requests per second of one core; heap ${Math.max(...results.map(({ heapMb }) => heapMb)).toFixed(0)} MB at most.`,
    '',
    ...lines,
    '',
    ...lossLines(results),
    ...targets.map(({ name, measured, isMet }) => `${isMet ? 'ok    ' : 'MISSED'} ${name}: ${measured}`),
    '',
  ].join('\n')
}

const meanUsd = (results: readonly JobResult[], name: string): string =>
  mean(results.map((result) => find(result, name).totalUsd)).toFixed(0)

function droppedText(results: readonly JobResult[], reference: Reference): string {
  const kept = keptFor(results, reference)
  const dropped = results.filter((result) => !kept.includes(result)).map(({ seed }) => seed)
  return dropped.join(', ') || 'none'
}

/** Means over the seeds. */
function calibrationLines(results: readonly JobResult[]): string[] {
  const line = (name: string, of: 'success' | 'refusal' | 'floors'): string => {
    const all = results.map((result) => find(result, PRODUCT).calibration[of])
    const meanOf = (part: keyof Calibration): number => mean(all.map((each) => each[part]))
    return `Calibration, ${name}: expected ${percent(meanOf('expected'), 2)}, observed ${percent(meanOf('observed'), 2)}, Brier ${meanOf('model').toFixed(4)} (always the mean: ${meanOf('constant').toFixed(4)}).`
  }
  return [
    line('an attempt succeeds', 'success'),
    line('it is refused', 'refusal'),
    line('its picture keeps the floor of its prompt (expected of all that is chosen)', 'floors'),
  ]
}

/** What hiding each thing costs, as a share of what could be saved against the finer reference. */
function lossLines(results: readonly JobResult[]): string[] {
  const [first] = results
  if (!first || first.losses.length === 0) return []
  const lines = first.losses.map(({ told }, index) => {
    const shares = results.map(
      (result) => (result.losses[index]?.savedUsd ?? 0) / (find(result, PER_KIND).totalUsd - result.bound.usd),
    )
    return `| ${told} | ${mean(shares).toFixed(3)} | ${shares.map((share) => share.toFixed(3)).join(', ')} |`
  })
  return ['| told to the router | eta per kind gained | by seed |', '|---|---|---|', ...lines, '']
}

/** One line per seed, for looking into. */
export const formatSeed = (result: JobResult): string => {
  const product = find(result, PRODUCT)
  const etas = ([STATIC, PER_KIND] as const).map(
    (reference) => `${etaOf(result, PRODUCT, reference).toFixed(3)} of ${ceilingOf(result, reference).toFixed(3)}`,
  )
  return `${result.volume} seed ${result.seed}: bound ${result.bound.usd.toFixed(0)} (gap ${percent(result.bound.gap, 4)}), fixed ${find(result, STATIC).totalUsd.toFixed(0)}, per kind ${find(result, PER_KIND).totalUsd.toFixed(0)}, rule ${find(result, RULE).totalUsd.toFixed(0)} (eta ${etaOf(result, RULE).toFixed(3)}, per kind ${etaOf(result, RULE, PER_KIND).toFixed(3)}), halftone ${product.totalUsd.toFixed(0)} (eta ${etas[0]}, per kind ${etas[1]}, penalties ${product.penaltiesUsd.toFixed(1)}, late ${percent(product.late, 2)}, below ${percent(product.belowFloor, 2)}, success ${percent(product.success, 3)}, slowest ${Math.max(0, ...product.recovery)})`
}
