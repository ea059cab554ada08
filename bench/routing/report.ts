/** Tables and targets of the routing benchmark. */
import type { Calibration } from './calibration.ts'
import type { DecidingFigures } from './deciding.ts'
import type { JobResult, PolicyResult } from './types.ts'

export const PRODUCT = 'halftone'
const STATIC = 'best fixed choice'
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

/** Seeds with less to save than this share of the bound are listed and left out of eta. */
const LEAST_SPREAD = 0.03

export interface Target {
  readonly name: string
  readonly measured: string
  readonly isMet: boolean
}

export interface VolumeReport {
  readonly volume: number
  readonly seeds: readonly number[]
  readonly dropped: readonly number[]
  readonly lines: readonly string[]
  readonly targets: readonly Target[]
}

const find = ({ policies }: JobResult, name: string): PolicyResult => {
  const found = policies.find((each) => each.name === name)
  if (!found) throw new Error(`${name} was not run.`)
  return found
}

const etaOf = (result: JobResult, name: string): number => {
  const fixed = find(result, STATIC).totalUsd
  return (fixed - find(result, name).totalUsd) / (fixed - result.bound.usd)
}

/** The most that a policy can reach on average: see `unforeseenUsd`. */
const ceilingOf = (result: JobResult): number => {
  const fixed = find(result, STATIC).totalUsd
  return (fixed - result.unforeseenUsd) / (fixed - result.bound.usd)
}

const spreadOf = (result: JobResult): number => find(result, STATIC).totalUsd / result.bound.usd - 1

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const quantile = (values: readonly number[], q: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN
}
const percent = (value: number, digits = 1): string => `${(100 * value).toFixed(digits)} %`

export function reportVolume(volume: number, results: readonly JobResult[]): VolumeReport {
  const kept = results.filter((result) => spreadOf(result) >= LEAST_SPREAD)
  const dropped = results.filter((result) => spreadOf(result) < LEAST_SPREAD).map(({ seed }) => seed)
  const names = results[0]?.policies.map(({ name }) => name) ?? []
  const head = '| policy | eta mean | p10 | min | $ / month | saves vs fixed | late | below floor | interactive success |'
  const rows = [...names.map((name) => row(name, results, kept)), ceilingRow(results, kept)]
  return {
    volume,
    seeds: results.map(({ seed }) => seed),
    dropped,
    lines: [head, head.replaceAll(/[^|]+/g, '---'), ...rows],
    targets: targetsOf(results, kept),
  }
}

/** Of who knows all but what nobody can know in time. */
function ceilingRow(results: readonly JobResult[], kept: readonly JobResult[]): string {
  const etas = kept.map(ceilingOf)
  const saved = mean(results.map((result) => 1 - result.unforeseenUsd / find(result, STATIC).totalUsd))
  const cells = [
    'nothing to learn, nothing foreseen',
    ...(etas.length > 0 ? [mean(etas), quantile(etas, 0.1), Math.min(...etas)].map((eta) => eta.toFixed(3)) : ['', '', '']),
    mean(results.map(({ unforeseenUsd }) => unforeseenUsd)).toFixed(0),
    percent(saved),
  ]
  return `| ${cells.join(' | ')} | | | |`
}

function row(name: string, results: readonly JobResult[], kept: readonly JobResult[]): string {
  const etas = kept.map((result) => etaOf(result, name))
  const own = results.map((result) => find(result, name))
  const saved = mean(results.map((result) => 1 - find(result, name).totalUsd / find(result, STATIC).totalUsd))
  const cells = [
    name,
    ...(etas.length > 0 ? [mean(etas), quantile(etas, 0.1), Math.min(...etas)].map((eta) => eta.toFixed(3)) : ['', '', '']),
    mean(own.map(({ totalUsd }) => totalUsd)).toFixed(0),
    percent(saved),
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
    (result) => find(result, PRODUCT).totalUsd <= 1.01 * Math.min(find(result, RULE).totalUsd, find(result, STATIC).totalUsd),
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
      name: 'never more than 1 % above the cheapest rule or the best fixed choice',
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

export function formatVolume({ volume, seeds, dropped, lines, targets }: VolumeReport, results: readonly JobResult[]): string {
  return [
    `## ${volume.toLocaleString('en')} pictures per month`,
    '',
    `Seeds ${seeds.join(', ')}; dropped from eta (less than 3 % to save): ${dropped.join(', ') || 'none'}.`,
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

/** What hiding each thing costs, as a share of what could be saved. */
function lossLines(results: readonly JobResult[]): string[] {
  const [first] = results
  if (!first || first.losses.length === 0) return []
  const lines = first.losses.map(({ told }, index) => {
    const shares = results.map(
      (result) => (result.losses[index]?.savedUsd ?? 0) / (find(result, STATIC).totalUsd - result.bound.usd),
    )
    return `| ${told} | ${mean(shares).toFixed(3)} | ${shares.map((share) => share.toFixed(3)).join(', ')} |`
  })
  return ['| told to the router | eta gained | by seed |', '|---|---|---|', ...lines, '']
}

/** One line per seed, for looking into. */
export const formatSeed = (result: JobResult): string => {
  const product = find(result, PRODUCT)
  return `${result.volume} seed ${result.seed}: bound ${result.bound.usd.toFixed(0)} (gap ${percent(result.bound.gap, 4)}), fixed ${find(result, STATIC).totalUsd.toFixed(0)}, rule ${find(result, RULE).totalUsd.toFixed(0)} (eta ${etaOf(result, RULE).toFixed(3)}), halftone ${product.totalUsd.toFixed(0)} (eta ${etaOf(result, PRODUCT).toFixed(3)} of ${ceilingOf(result).toFixed(3)}, penalties ${product.penaltiesUsd.toFixed(1)}, late ${percent(product.late, 2)}, below ${percent(product.belowFloor, 2)}, success ${percent(product.success, 3)})`
}
