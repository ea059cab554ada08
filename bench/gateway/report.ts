/** The figures as tables: on the terminal, and in the committed result file. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeMachine } from './machine.ts'
import { type FloodMeasured, flood, type Measured, type ScenarioName, scenarios, type Target } from './scenarios.ts'
import { PORTKEY_VERSION, type SystemName, systemNames } from './systems.ts'

/** What was measured; a partial run has gaps. */
export interface Report {
  readonly fsyncMs: number
  readonly scenarios: Partial<Record<ScenarioName, Partial<Record<SystemName, Measured>>>>
  readonly flood: Partial<Record<SystemName, FloodMeasured>>
  /** Empty for a partial run. */
  readonly targets: readonly Target[]
}

const resultsFolder = fileURLToPath(new URL('../results/', import.meta.url))
const titles: Record<SystemName, string> = {
  direct: 'direct',
  proxy: 'bare Node proxy',
  halftone: 'Halftone',
  portkey: `Portkey ${PORTKEY_VERSION}`,
}

/** Markdown, readable on a terminal as it is. */
export function formatReport(report: Report): string {
  const chosen = Object.keys(report.scenarios) as ScenarioName[]
  return [
    '# Gateway bench',
    `${describeMachine()}, Node ${process.version}, fsync ${report.fsyncMs.toFixed(2)} ms. The system under test has one core, client and upstream the other; SQLite commits are synced, images stored.`,
    ...chosen.map((name) => `## ${scenarios[name].name}\n\n${scenarioTable(report.scenarios[name] ?? {})}`),
    ...(Object.keys(report.flood).length > 0 ? [`## ${flood.name}\n\n${floodTable(report.flood)}`] : []),
    ...(report.targets.length > 0 ? [`## Targets\n\n${targetTable(report.targets)}`] : []),
  ].join('\n\n')
}

export const isMet = ({ value, limit }: Target): boolean => value <= limit

export function saveReport(report: Report): void {
  mkdirSync(resultsFolder, { recursive: true })
  writeFileSync(join(resultsFolder, 'gateway.md'), `${formatReport(report)}\n`)
  const facts = { machine: describeMachine(), node: process.version, portkey: PORTKEY_VERSION }
  writeFileSync(join(resultsFolder, 'gateway.json'), `${JSON.stringify({ ...facts, ...report }, undefined, 2)}\n`)
}

function scenarioTable(measured: Partial<Record<SystemName, Measured>>): string {
  const { direct, proxy, portkey } = measured
  const rows = systemNames.flatMap((name) => {
    const row = measured[name]
    if (!row) return [[titles[name], 'fails', '', '', '', '', '', '']]
    return [
      [
        titles[name],
        row.cpuMsPerRequest.toFixed(2),
        ratio(row.cpuMsPerRequest, proxy?.cpuMsPerRequest),
        ratio(row.cpuMsPerRequest, portkey?.cpuMsPerRequest),
        row.deferredCpuMsPerRequest.toFixed(2),
        row.perSecond.toFixed(0),
        added(row.p50Ms, direct?.p50Ms),
        added(row.p99Ms, direct?.p99Ms),
      ],
    ]
  })
  const head = ['', 'CPU ms', 'x proxy', 'x Portkey', 'later ms', 'per second', 'added p50 ms', 'added p99 ms']
  return table(head, rows)
}

function floodTable(measured: Partial<Record<SystemName, FloodMeasured>>): string {
  const rows = systemNames.flatMap((name) => {
    const row = measured[name]
    if (!row) return []
    return [
      [
        titles[name],
        String(row.answered),
        (row.p50Ms / 1_000).toFixed(1),
        (row.lastMs / 1_000).toFixed(1),
        row.cpuMsPerRequest.toFixed(2),
        (row.peakBytes / 1e9).toFixed(2),
        (row.waitingBytes / 1024).toFixed(0),
      ],
    ]
  })
  return table(['', 'answered', 'p50 s', 'last s', 'CPU ms', 'peak RSS GB', 'KiB while waiting, each'], rows)
}

const targetTable = (targets: readonly Target[]): string =>
  table(
    ['', 'measured', 'at most', ''],
    targets.map((target) => [
      target.name,
      `${target.value.toFixed(2)} ${target.unit}`,
      `${target.limit.toFixed(2)} ${target.unit}`,
      isMet(target) ? 'met' : 'MISSED',
    ]),
  )

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join('\n')
}

const ratio = (value: number, base: number | undefined): string => (base ? (value / base).toFixed(2) : '')
const added = (value: number, base: number | undefined): string => (base === undefined ? '' : (value - base).toFixed(2))
