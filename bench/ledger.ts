/**
 * Durable reserves per second against one global budget, on SQLite and on PostgreSQL, and what a reserve costs the main
 * thread. Run with `node bench/ledger.ts [--seconds 4] [--callers 256]`; exits 1 when a target is missed.
 */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Ledger } from '../src/ports/ledger.ts'
import { openPostgresLedger, openSqliteLedger } from '../src/storage/index.ts'
import { newBudget, newReserve, newSettle } from '../test/support/ledger-rows.ts'
import { createDatabase, startPostgres } from '../test/support/postgres.ts'

const TARGET_PER_SECOND = 5000

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '4' }, callers: { type: 'string', default: '256' } },
})
const seconds = Number(values.seconds)
const callers = Number(values.callers)
const nowUs = () => Date.now() * 1000

interface Result {
  readonly name: string
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** CPU microseconds per command: of the thread that serves requests, and of the whole process. */
  readonly mainUs: number
  readonly totalUs: number
  readonly perCommit: number
}

/** Median of 50 appends of one page, each forced to disk: what a commit costs at least. */
function fsyncMs(directory: string): number {
  const path = join(directory, 'fsync-probe')
  const file = openSync(path, 'w')
  const page = Buffer.alloc(4096)
  const times: number[] = []
  for (let index = 0; index < 50; index += 1) {
    const start = performance.now()
    writeSync(file, page)
    fsyncSync(file)
    times.push(performance.now() - start)
  }
  closeSync(file)
  rmSync(path)
  return quantile(times, 0.5)
}

const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN

/** `callers` loops that each wait for their command before the next, for `seconds`. */
async function measure(name: string, ledger: Ledger, command: () => Promise<void>): Promise<Result> {
  const latencies: number[] = []
  const until = (end: number) => async () => {
    while (performance.now() < end) {
      const start = performance.now()
      await command()
      latencies.push(performance.now() - start)
    }
  }
  const run = async (ms: number) => {
    const end = performance.now() + ms
    await Promise.all(Array.from({ length: callers }, until(end)))
  }
  await run(1000)
  latencies.length = 0
  const before = { stats: ledger.stats(), all: process.cpuUsage(), main: process.threadCpuUsage(), at: performance.now() }
  await run(seconds * 1000)
  const elapsed = (performance.now() - before.at) / 1000
  const all = process.cpuUsage(before.all)
  const main = process.threadCpuUsage(before.main)
  const count = latencies.length
  const commits = ledger.stats().commits - before.stats.commits
  return {
    name,
    perSecond: count / elapsed,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    mainUs: (main.user + main.system) / count,
    totalUs: (all.user + all.system) / count,
    perCommit: count / commits,
  }
}

async function benchmark(name: string, ledger: Ledger): Promise<readonly Result[]> {
  const { epoch } = await ledger.openNode({ nodeId: 'bench', leaseMs: 600_000 })
  const owner = { nodeId: 'bench', epoch }
  await ledger.admin.putBudget(newBudget('global', { limitNanoUsd: 10n ** 17n }))
  const reserve = async () => {
    const command = newReserve(owner, { budgetIds: ['global'] })
    const result = await ledger.reserve(command)
    if (result.kind !== 'reserved') throw new Error(`refused: ${result.kind}`)
    return command
  }
  const reserved = await measure(`${name}: reserve`, ledger, async () => void (await reserve()))
  const both = await measure(
    `${name}: reserve + settle`,
    ledger,
    async () => void (await ledger.settle(newSettle(await reserve()))),
  )
  await ledger.close()
  return [reserved, both]
}

function print(results: readonly Result[]): void {
  console.table(
    Object.fromEntries(
      results.map(({ name, ...row }) => [
        name,
        {
          'per second': Math.round(row.perSecond),
          'p50 ms': Number(row.p50Ms.toFixed(1)),
          'p99 ms': Number(row.p99Ms.toFixed(1)),
          'main CPU us': Number(row.mainUs.toFixed(1)),
          'total CPU us': Number(row.totalUs.toFixed(1)),
          'per commit': Number(row.perCommit.toFixed(0)),
        },
      ]),
    ),
  )
}

/** What making the commands costs the bench itself; not the ledger's, but part of "main CPU us". */
function printFixtureCost(): void {
  const owner = { nodeId: 'bench', epoch: 1 }
  const start = process.threadCpuUsage()
  for (let index = 0; index < 20_000; index += 1) newReserve(owner, { budgetIds: ['global'] })
  const used = process.threadCpuUsage(start)
  console.log(`of main CPU, building the command in the bench: ${((used.user + used.system) / 20_000).toFixed(1)} us per reserve`)
}

const directory = mkdtempSync(join(process.cwd(), '.bench-ledger-'))
try {
  const [cpu] = cpus()
  console.log(`${cpu?.model.trim()} x ${cpus().length}, ${(totalmem() / 2 ** 30).toFixed(1)} GiB, kernel ${release()}`)
  console.log(
    `Node ${process.version}, SQLite ${process.versions['sqlite']}, fsync ${fsyncMs(directory).toFixed(2)} ms, ${callers} callers`,
  )
  printFixtureCost()
  const sqlite = await benchmark('SQLite', await openSqliteLedger({ dataDir: directory, now: nowUs }))
  print(sqlite)
  const server = await startPostgres()
  console.log('PostgreSQL on the same machine; its CPU is not in the totals')
  const database = await createDatabase(server.url)
  const postgres = await benchmark('PostgreSQL', await openPostgresLedger({ url: database.url, now: nowUs }))
  await database.drop()
  await server.close()
  print(postgres)
  const missed = [...sqlite, ...postgres].filter(
    ({ name, perSecond }) => name.endsWith('reserve') && perSecond < TARGET_PER_SECOND,
  )
  for (const { name, perSecond } of missed)
    console.error(`MISSED ${name}: ${Math.round(perSecond)}/s, target ${TARGET_PER_SECOND}/s`)
  console.log(missed.length === 0 ? `target of ${TARGET_PER_SECOND} durable reserves per second held on both` : '')
  process.exitCode = missed.length === 0 ? 0 : 1
} finally {
  rmSync(directory, { recursive: true, force: true })
}
