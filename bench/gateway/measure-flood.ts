/** 2,000 requests at once, all waiting for the upstream: memory while they wait, then everything at the same time. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import { cpuMs, quantile, residentBytes } from './machine.ts'
import { quiet } from './measure-scenarios.ts'
import { FLOOD_HOLD_MS, type FloodMeasured, flood } from './scenarios.ts'
import type { System, SystemName } from './systems.ts'

/** Each system is started for this alone, so that its peak is this scenario's. */
export async function measureFlood(
  bench: Bench,
  names: readonly SystemName[],
): Promise<Partial<Record<SystemName, FloodMeasured>>> {
  const results: Partial<Record<SystemName, FloodMeasured>> = {}
  for (const name of names) {
    process.stderr.write(`${flood.name}: ${name}\n`)
    const system = await bench.start(name)
    results[name] = await measure(bench, system)
    await system.stop()
  }
  return results
}

async function measure(bench: Bench, system: System): Promise<FloodMeasured> {
  await bench.plan({ bytes: flood.answerBytes })
  await bench.load(system, { ...flood, concurrency: 16 }, flood.warmUp)
  await quiet(system)
  if (system.pid !== undefined) process.kill(system.pid, 'SIGUSR2')
  await sleep(500)
  const restingBytes = memory(system, 'VmRSS')
  const restingCpu = system.pid === undefined ? 0 : cpuMs(system.pid)
  await bench.plan({ bytes: flood.answerBytes, gate: { count: flood.count, holdMs: FLOOD_HOLD_MS } })
  const load = bench.load(system, flood, flood.count)
  await bench.gathered()
  await sleep(FLOOD_HOLD_MS - 1_000)
  const waitingBytes = (memory(system, 'VmRSS') - restingBytes) / flood.count
  const { latenciesMs, failures } = await load
  const net = latenciesMs.map((latency) => latency - FLOOD_HOLD_MS)
  return {
    answered: latenciesMs.length - failures.length,
    p50Ms: quantile(net, 0.5),
    lastMs: Math.max(...net),
    cpuMsPerRequest: system.pid === undefined ? 0 : (cpuMs(system.pid) - restingCpu) / flood.count,
    peakBytes: memory(system, 'VmHWM'),
    waitingBytes,
  }
}

const memory = ({ pid }: System, field: 'VmRSS' | 'VmHWM'): number => (pid === undefined ? 0 : residentBytes(pid, field))
