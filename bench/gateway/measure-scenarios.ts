/** Every scenario on every system in turn, some rounds of it; the figures are those of all rounds together. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { cpuMs, quantile } from './machine.ts'
import { type Measured, type Scenario, type ScenarioName, scenarios } from './scenarios.ts'
import type { System, SystemName } from './systems.ts'

interface Totals {
  requests: number
  elapsedMs: number
  cpuMs: number
  deferredMs: number
  readonly latenciesMs: number[]
}

export interface ScenarioOptions {
  readonly systems: readonly SystemName[]
  readonly chosen: readonly ScenarioName[]
  readonly rounds: number
}

export type ScenarioResults = Partial<Record<ScenarioName, Partial<Record<SystemName, Measured>>>>

export async function measureScenarios(
  bench: Bench,
  { systems: names, chosen, rounds }: ScenarioOptions,
): Promise<ScenarioResults> {
  const systems: System[] = []
  for (const name of names) systems.push(await bench.start(name))
  const results: ScenarioResults = {}
  for (const name of chosen) {
    const scenario: Scenario = scenarios[name]
    process.stderr.write(`${scenario.name} `)
    await bench.plan({ bytes: scenario.answerBytes })
    const totals = new Map(systems.map((system) => [system.name, emptyTotals()]))
    for (const system of systems) {
      const { failures } = await bench.load(system, scenario, scenario.warmUp)
      // A peer that cannot do this at all is left out of it; its column says so.
      if (system.name === 'portkey' && failures.length * 2 > scenario.warmUp) totals.delete(system.name)
      await quiet(system)
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const system of systems) {
        const total = totals.get(system.name)
        if (total) await measureRound(bench, system, scenario, total)
      }
      process.stderr.write('.')
    }
    process.stderr.write('\n')
    results[name] = Object.fromEntries([...totals].map(([system, total]) => [system, figuresOf(total)]))
  }
  for (const system of systems) await system.stop()
  return results
}

const emptyTotals = (): Totals => ({ requests: 0, elapsedMs: 0, cpuMs: 0, deferredMs: 0, latenciesMs: [] })

async function measureRound(bench: Bench, system: System, scenario: Scenario, totals: Totals): Promise<void> {
  const before = cpuOf(system)
  const { elapsedMs, latenciesMs, failures } = await bench.load(system, scenario, scenario.count)
  // On a busy machine Portkey breaks some of its connections; what it did answer is measured.
  const mayFail = system.name === 'portkey' && failures.length * 2 <= scenario.count
  if (failures.length > 0 && !mayFail) throw new Error(`${system.name} failed at "${scenario.name}"`)
  const after = cpuOf(system)
  totals.requests += scenario.count - failures.length
  totals.elapsedMs += elapsedMs
  totals.cpuMs += after - before
  totals.deferredMs += (await quiet(system)) - after
  totals.latenciesMs.push(...latenciesMs)
}

const cpuOf = ({ pid }: System): number => (pid === undefined ? 0 : cpuMs(pid))

/** Wait until a system has nothing left to do, for the next one has the same core. Returns its CPU time. */
export async function quiet(system: System): Promise<number> {
  let last = cpuOf(system)
  for (let checks = 0; checks < 100; checks += 1) {
    await sleep(250)
    const now = cpuOf(system)
    // A tick within a quarter of a second is timers, not work.
    if (now - last <= 10) return now
    last = now
  }
  return last
}

function figuresOf({ requests, elapsedMs, cpuMs, deferredMs, latenciesMs }: Totals): Measured {
  return {
    cpuMsPerRequest: cpuMs / requests,
    deferredCpuMsPerRequest: deferredMs / requests,
    perSecond: (requests * 1_000) / elapsedMs,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  }
}
