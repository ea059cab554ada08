/** The traffic, and what must hold of it. */
import type { LoadPlan } from './messages.ts'
import type { SystemName } from './systems.ts'

export interface Scenario {
  readonly name: string
  readonly path: string
  readonly body: LoadPlan['body']
  readonly answerBytes: number
  readonly concurrency: number
  /** Requests of one round, of each system. */
  readonly count: number
  /** Requests of each system before anything is measured: enough for the runtime to have compiled what is hot. */
  readonly warmUp: number
}

const KIB = 1024
const MIB = 1024 * KIB

const generation: Pick<Scenario, 'path' | 'body'> = {
  path: '/v1/images/generations',
  body: {
    kind: 'json',
    text: JSON.stringify({
      model: 'bench/noise',
      prompt: 'A blue ceramic cup on a linen cloth beside a window, soft morning light, product photograph, no text.',
      n: 1,
    }),
  },
}

const edit: Pick<Scenario, 'path' | 'body'> = { path: '/v1/images/edits', body: { kind: 'edit', imageBytes: 4 * MIB } }

export const scenarios = {
  small1: { ...generation, name: '1 KiB, one at a time', answerBytes: KIB, concurrency: 1, count: 300, warmUp: 2_000 },
  small64: { ...generation, name: '1 KiB, 64 at a time', answerBytes: KIB, concurrency: 64, count: 2_500, warmUp: 3_000 },
  medium1: { ...generation, name: '1.5 MiB, one at a time', answerBytes: 1.5 * MIB, concurrency: 1, count: 60, warmUp: 100 },
  medium64: { ...generation, name: '1.5 MiB, 64 at a time', answerBytes: 1.5 * MIB, concurrency: 64, count: 256, warmUp: 200 },
  large16: { ...generation, name: '6 MiB, 16 at a time', answerBytes: 6 * MIB, concurrency: 16, count: 64, warmUp: 50 },
  edit16: { ...edit, name: '4 MiB multipart edit, 16 at a time', answerBytes: KIB, concurrency: 16, count: 96, warmUp: 100 },
} satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof scenarios

/** All at once, held by the upstream until the last has arrived, and then for `holdMs`. */
export const flood = {
  ...generation,
  name: '2,000 in flight, 1.5 MiB',
  answerBytes: 1.5 * MIB,
  concurrency: 2_000,
  count: 2_000,
  warmUp: 200,
}
export const FLOOD_HOLD_MS = 3_000

export interface Measured {
  readonly cpuMsPerRequest: number
  /** After the last answer, by work that was put off until then. */
  readonly deferredCpuMsPerRequest: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface FloodMeasured {
  readonly answered: number
  /** Without the upstream's hold. */
  readonly p50Ms: number
  readonly lastMs: number
  readonly cpuMsPerRequest: number
  readonly peakBytes: number
  /** Per waiting request. */
  readonly waitingBytes: number
}

export interface Results {
  readonly fsyncMs: number
  /** Without the systems that failed. */
  readonly scenarios: Readonly<Record<ScenarioName, Readonly<Partial<Record<SystemName, Measured>>>>>
  readonly flood: Readonly<Record<SystemName, FloodMeasured>>
}

export interface Target {
  readonly name: string
  readonly unit: string
  readonly limit: number
  readonly value: number
}

/** Each holds when its value is at most its limit; one that could not be measured is not a number, and does not hold. */
export function targetsOf({ fsyncMs, scenarios: results, flood: { halftone } }: Results): readonly Target[] {
  const figure = (scenario: ScenarioName, system: SystemName, name: 'cpuMsPerRequest' | 'p50Ms'): number =>
    results[scenario][system]?.[name] ?? Number.NaN
  const cpu = (scenario: ScenarioName, over: SystemName): number =>
    figure(scenario, 'halftone', 'cpuMsPerRequest') / figure(scenario, over, 'cpuMsPerRequest')
  const added = (scenario: ScenarioName, system: SystemName): number =>
    figure(scenario, system, 'p50Ms') - figure(scenario, 'direct', 'p50Ms')
  const addedRatio = (scenario: ScenarioName): number => added(scenario, 'halftone') / added(scenario, 'portkey')
  return [
    { name: "CPU at 1 KiB over Portkey's", unit: 'x', limit: 0.25, value: cpu('small64', 'portkey') },
    { name: "CPU at 1.5 MiB over Portkey's", unit: 'x', limit: 0.15, value: cpu('medium64', 'portkey') },
    { name: "CPU at 6 MiB over Portkey's", unit: 'x', limit: 0.15, value: cpu('large16', 'portkey') },
    { name: "CPU at 1.5 MiB over the bare proxy's", unit: 'x', limit: 2.5, value: cpu('medium64', 'proxy') },
    { name: "CPU at 6 MiB over the bare proxy's", unit: 'x', limit: 2.5, value: cpu('large16', 'proxy') },
    {
      name: 'added p50, 1 KiB, one at a time (2 fsyncs + 1 ms)',
      unit: 'ms',
      limit: 2 * fsyncMs + 1,
      value: added('small1', 'halftone'),
    },
    { name: "added p50, 1 KiB, 64 at a time, over Portkey's", unit: 'x', limit: 0.5, value: addedRatio('small64') },
    { name: "added p50, 1.5 MiB, 64 at a time, over Portkey's", unit: 'x', limit: 0.5, value: addedRatio('medium64') },
    { name: '2,000 in flight: not answered', unit: '', limit: 0, value: flood.count - halftone.answered },
    { name: '2,000 in flight: p50', unit: 's', limit: 11, value: halftone.p50Ms / 1_000 },
    { name: '2,000 in flight: last', unit: 's', limit: 18, value: halftone.lastMs / 1_000 },
    { name: '2,000 in flight: peak RSS', unit: 'GB', limit: 0.4, value: halftone.peakBytes / 1e9 },
    { name: '2,000 waiting: memory of each', unit: 'KiB', limit: 64, value: halftone.waitingBytes / KIB },
  ]
}
