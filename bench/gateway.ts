/**
 * What Halftone costs between a client and an image provider, next to nothing in between, a bare proxy and Portkey's gateway:
 * CPU, latency and memory, all systems in turn within one run. Linux with two cores: the system under test has one, client and
 * upstream the other.
 *
 *     node bench/gateway.ts [--rounds 3] [--only small64,flood] [--systems direct,proxy,halftone] [--no-save] [--flags=--cpu-prof]
 *
 * Exits with 1 when a target is missed; a partial run has no targets.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openBench } from './gateway/bench.ts'
import { fsyncMs } from './gateway/machine.ts'
import { measureFlood } from './gateway/measure-flood.ts'
import { measureScenarios } from './gateway/measure-scenarios.ts'
import { formatReport, isMet, saveReport } from './gateway/report.ts'
import { type Results, type ScenarioName, scenarios, targetsOf } from './gateway/scenarios.ts'
import { buildHalftone, systemNames } from './gateway/systems.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: [...Object.keys(scenarios), 'flood'].join() },
    systems: { type: 'string', default: systemNames.join() },
    'no-save': { type: 'boolean', default: false },
    /** Of Node, for Halftone alone: profilers and the like. */
    flags: { type: 'string', default: '' },
  },
})
const only = new Set(values.only.split(','))
const systems = systemNames.filter((name) => values.systems.split(',').includes(name))
const chosen = (Object.keys(scenarios) as ScenarioName[]).filter((name) => only.has(name))
const isWhole = chosen.length === Object.keys(scenarios).length && only.has('flood') && systems.length === systemNames.length

// Children are ended when this process exits, which a signal alone would not make it do.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

buildHalftone()
const runs = fileURLToPath(new URL('./.peers/', import.meta.url))
mkdirSync(runs, { recursive: true })
const folder = mkdtempSync(join(runs, 'run-'))
try {
  const bench = await openBench(folder, values.flags.split(' ').filter(Boolean))
  const measured = {
    fsyncMs: fsyncMs(folder),
    scenarios: await measureScenarios(bench, { systems, chosen, rounds: Number(values.rounds) }),
    flood: only.has('flood') ? await measureFlood(bench, systems) : {},
  }
  await bench.close()
  // Whole: every scenario and system was measured.
  const report = { ...measured, targets: isWhole ? targetsOf(measured as Results) : [] }
  console.log(formatReport(report))
  if (isWhole && !values['no-save']) saveReport(report)
  process.exitCode = report.targets.every(isMet) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
