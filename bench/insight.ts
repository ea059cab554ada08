/**
 * How fast the insight API answers on ledgers of a million and of ten million requests, on SQLite and on PostgreSQL, through HTTP.
 * Run with `npm run bench:insight -- --base 100000 --sizes 1000000,10000000 --runs 30`; exits 1 when a target is missed.
 *
 * `--base` requests are written by `npm run seed`'s own code; `--seeded DIR` takes a copy of a folder that was seeded instead (SQLite). Up to each
 * size the sums are grown by SQL (`bench/insight/grow.ts`); the list of requests is measured on those of the base.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seedLedger } from '../scripts/seed/seed.ts'
import { startHalftone } from '../src/compose.ts'
import { createDatabase, startPostgres } from '../test/support/postgres.ts'
import { base, grow, openPostgres, openSqlite, type RawDatabase, summed } from './insight/grow.ts'
import { type Question, questions } from './insight/questions.ts'

const { values } = parseArgs({
  options: {
    base: { type: 'string', default: '100000' },
    sizes: { type: 'string', default: '1000000,10000000' },
    nodes: { type: 'string', default: '2' },
    runs: { type: 'string', default: '30' },
    databases: { type: 'string', default: 'sqlite,postgres' },
    seeded: { type: 'string' },
    save: { type: 'boolean', default: false },
  },
})
const sizes = values.sizes.split(',').map(Number)
const nodes = Number(values.nodes)
const ADMIN_KEY = 'bench-admin-key-0123456789'
const DAYS = 90

interface Result {
  readonly question: Question
  readonly coldMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly bytes: number
}

interface Subject {
  readonly name: string
  readonly dataDir: string
  readonly env: Readonly<Record<string, string>>
  raw(): Promise<RawDatabase>
}

/** What else the machine is doing: above the number of cores every figure is too high. */
const load = (): string => (loadavg()[0] ?? 0).toFixed(1)

const lines: string[] = []
const say = (line: string): void => {
  lines.push(line)
  console.log(line)
}

/** The seed, then every size; the requests that the sums stand for, as the ledger itself counts them. */
async function measure(subject: Subject, seeded: number): Promise<number> {
  let missed = 0
  let held = seeded
  let grown = 1
  for (const size of sizes) {
    // A seed falls short of its number by what a budget refused.
    const copies = grown === 1 && size > 1.5 * held ? nodes : 1
    const factor = Math.max(1, Math.round(size / (held * copies)))
    const db = await subject.raw()
    await grow(db, { nodes: copies, factor })
    held *= copies * factor
    grown *= copies
    const counts: string[] = []
    for (const table of [...base, ...summed]) counts.push(`${table} ${(await db.count(table)).toLocaleString('en')}`)
    await db.close()
    const results = await ask(subject)
    say(`\n## ${subject.name}, ${size.toLocaleString('en')} requests over ${DAYS} days\n`)
    say(`Sums of ${held.toLocaleString('en')} requests by ${grown} node(s), load ${load()}. Rows: ${counts.join(', ')}.\n`)
    say('| question | cold ms | p50 ms | p99 ms | KiB | target ms | |')
    say('|---|---|---|---|---|---|---|')
    for (const { question, coldMs, p50Ms, p99Ms, bytes } of results) {
      const isMet = p99Ms <= question.targetMs && coldMs <= 2_000
      if (!isMet) missed += 1
      const row = [
        question.name,
        coldMs.toFixed(0),
        p50Ms.toFixed(1),
        p99Ms.toFixed(1),
        (bytes / 1024).toFixed(0),
        question.targetMs,
      ]
      say(`| ${row.join(' | ')} | ${isMet ? 'ok' : 'MISSED'} |`)
    }
  }
  return missed
}

/** Cold is the first time in a new process; the file system may have the pages. */
async function ask({ dataDir, env }: Subject): Promise<readonly Result[]> {
  const flags = { config: join(dataDir, 'halftone.yaml'), port: '0' }
  const halftone = await startHalftone({
    env: { ...env, HALFTONE_ADMIN_KEY: ADMIN_KEY, HALFTONE_LOG_LEVEL: 'error' },
    flags,
    cwd: dataDir,
  })
  try {
    const results: Result[] = []
    for (const question of questions) {
      const first = await answer(halftone.url, question)
      const times: number[] = []
      for (let run = 0; run < Number(values.runs); run += 1) times.push((await answer(halftone.url, question)).ms)
      times.sort((one, other) => one - other)
      const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
      results.push({ question, coldMs: first.ms, p50Ms: at(0.5), p99Ms: at(0.99), bytes: first.bytes })
    }
    return results
  } finally {
    await halftone.close()
  }
}

async function answer(url: string, { path, body, name }: Question): Promise<{ readonly ms: number; readonly bytes: number }> {
  const start = performance.now()
  const response = await fetch(`${url}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${name}: ${response.status} ${text.slice(0, 300)}`)
  return { ms: performance.now() - start, bytes: text.length }
}

const seedInto = async (dataDir: string, databaseUrl?: string): Promise<number> => {
  const { requests } = await seedLedger({
    requests: Number(values.base),
    days: DAYS,
    seed: 1,
    images: 0,
    untilUs: Date.now() * 1_000,
    dataDir,
    ...(databaseUrl !== undefined && { databaseUrl }),
  })
  return requests
}

async function onSqlite(folder: string): Promise<number> {
  const dataDir = join(folder, 'sqlite')
  let requests: number
  if (values.seeded === undefined) requests = await seedInto(dataDir)
  else {
    cpSync(values.seeded, dataDir, { recursive: true })
    const db = await openSqlite(join(dataDir, 'ledger.db'))
    requests = await db.count('requests')
    await db.close()
  }
  const missed = await measure({ name: 'SQLite', dataDir, env: {}, raw: () => openSqlite(join(dataDir, 'ledger.db')) }, requests)
  rmSync(dataDir, { recursive: true })
  return missed
}

async function onPostgres(folder: string): Promise<number> {
  const dataDir = join(folder, 'postgres')
  const server = await startPostgres()
  try {
    const database = await createDatabase(server.url)
    const requests = await seedInto(dataDir, database.url)
    const env = { DATABASE_URL: database.url }
    const missed = await measure({ name: 'PostgreSQL', dataDir, env, raw: () => openPostgres(database.url) }, requests)
    await database.drop()
    return missed
  } finally {
    await server.close()
  }
}

const folder = mkdtempSync(join(process.cwd(), '.bench-insight-'))
try {
  const [cpu] = cpus()
  say('# Insight bench\n')
  say(
    `${cpu?.model.trim()} x ${cpus().length}, ${(totalmem() / 2 ** 30).toFixed(1)} GiB, kernel ${release()}, Node ${process.version}, SQLite ${process.versions['sqlite']}, load ${load()} before it began.`,
  )
  say(
    `Through HTTP, one question at a time, ${values.runs} runs after the first. The target holds p99 of the runs; the first answer has 2 s.`,
  )
  const missed =
    (values.databases.includes('sqlite') ? await onSqlite(folder) : 0) +
    (values.databases.includes('postgres') ? await onPostgres(folder) : 0)
  say(missed === 0 ? '\nAll targets held.' : `\n${missed} missed.`)
  if (values.save) {
    const results = new URL('./results/', import.meta.url)
    mkdirSync(results, { recursive: true })
    writeFileSync(new URL('insight.md', results), `${lines.join('\n')}\n`)
  }
  process.exitCode = missed === 0 ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
