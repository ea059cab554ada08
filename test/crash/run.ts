/** `npm run crash -- --runs 1000`: the crash suite by hand. Prints its seed first, so that any failure can be repeated. */
import { parseArgs } from 'node:util'
import { createDatabase, startPostgres } from '../support/postgres.ts'
import type { CrashReport } from './report.ts'
import { runCrashes } from './suite.ts'

const usage = `npm run crash -- [--runs 1000] [--seed <number>] [--from 0] [--database sqlite|postgres] [--nodes 1] [--minutes <number>]`

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    from: { type: 'string', default: '0' },
    nodes: { type: 'string' },
    database: { type: 'string', default: 'sqlite' },
    minutes: { type: 'string' },
  },
})
const whole = (text: string, name: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} must be a whole number.\n${usage}`)
  return value
}
const { database } = values
if (database !== 'sqlite' && database !== 'postgres') throw new Error(`--database must be sqlite or postgres.\n${usage}`)
const nodes = whole(values.nodes ?? (database === 'postgres' ? '3' : '1'), 'nodes')
if (database === 'sqlite' && nodes !== 1) throw new Error('SQLite takes one node; use --database postgres for more.')
const seed = whole(values.seed ?? String(Math.floor(Math.random() * 1e9)), 'seed')
const runs = whole(values.runs, 'runs')

const began = performance.now()
console.log(`${runs} runs on ${database} with ${nodes} ${nodes === 1 ? 'node' : 'nodes'}, seed ${seed}`)
const postgres = database === 'postgres' ? await startPostgres() : undefined
try {
  const report = await runCrashes({
    nodes,
    runs,
    seed,
    from: whole(values.from, 'from'),
    ...(postgres && { createDatabase: () => createDatabase(postgres.url) }),
    ...(values.minutes !== undefined && { limitMs: whole(values.minutes, 'minutes') * 60_000 }),
    onRun: (so) => {
      if (so.runs % 10 === 0 || so.problems.length > 0) console.log(line(so))
    },
  })
  console.log(`\n${line(report)}`)
  for (const [hit, times] of Object.entries(report.hits)) console.log(`  ${String(times).padStart(6)}  ${hit}`)
  if (report.problems.length === 0) console.log('The ledger equals the bill. 0 lost, 0 doubled, no hold leaked.')
  else {
    console.log(`\nSeed ${seed}, run ${whole(values.from, 'from') + report.runs - 1}:`)
    for (const problem of report.problems) console.log(`- ${problem}`)
    process.exitCode = 1
  }
} finally {
  await postgres?.close()
}

function line(so: CrashReport): string {
  const { kills, startKills, drains, pauses, restarts } = so
  const seconds = Math.round((performance.now() - began) / 1000)
  return (
    `${so.runs} runs, ${kills} kills, ${startKills} kills at start, ${drains} drains, ${pauses} pauses, ${restarts} lost leases; ` +
    `${so.calls} calls, ${so.attempts} attempts, ${so.billedCalls} billed, ${so.unknownByCrash} unknown by crash, ` +
    `${so.reconciled} reconciled, ${so.resumedJobs} jobs resumed, ${so.replays} of ${so.repeats} repeats replayed; ${seconds} s`
  )
}
