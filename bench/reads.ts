/**
 * Everything that reads the ledger on one of a million requests: how long an answer takes, and for how long the event loop stands still
 * meanwhile, which delivers pictures as well. Run with `npm run bench -- reads`, or `-- reads --data-dir DIR` for a folder that `npm run seed`
 * filled; exits 1 when a target is missed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { seedLedger } from '../scripts/seed/seed.ts'
import { type Question, questions } from './reads/questions.ts'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    days: { type: 'string', default: '90' },
    'data-dir': { type: 'string' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string' },
    save: { type: 'boolean', default: false },
  },
})
const ADMIN_KEY = 'bench-admin-key-0123456789'
const LOOP_MS = 50

async function seed(): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'halftone-bench-reads-'))
  const size = { requests: Number(values.requests), days: Number(values.days), images: 0 }
  await seedLedger({ ...size, seed: 1, dataDir, untilUs: Date.now() * 1_000 })
  return dataDir
}

interface Loop {
  readonly ms: number
  readonly cpuMs: number
  /** Of all threads, since the start. */
  readonly totalCpuMs: number
  readonly memoryMb: number
}

interface Server {
  readonly url: string
  /** Since it was last asked. */
  loop(): Promise<Loop>
  close(): Promise<void>
}

async function start(dataDir: string): Promise<Server> {
  const script = fileURLToPath(new URL('./reads/serve.ts', import.meta.url))
  const child = spawn(process.execPath, [script, 'serve', '--port', '0', '--json'], {
    cwd: dataDir,
    env: { PATH: process.env['PATH'], HALFTONE_DATA_DIR: dataDir, HALFTONE_ADMIN_KEY: ADMIN_KEY, HALFTONE_LOG_LEVEL: 'error' },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  return {
    url: await urlOf(child),
    loop: async () => {
      child.send('loop')
      const [said] = await once(child, 'message')
      return said
    },
    close: async () => {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

const urlOf = (child: ChildProcess): Promise<string> =>
  new Promise((found, failed) => {
    let output = ''
    child.once('exit', () => failed(new Error(`the gateway ended without starting: ${output}`)))
    child.stdout?.on('data', (chunk) => {
      output += chunk
      const url = /"url":\s*"([^"]+)"/.exec(output)?.[1]
      if (url) found(url)
    })
  })

interface Answer {
  readonly ms: number
  /** Of all threads. */
  readonly cpuMs: number
  readonly loopMs: number
  readonly loopCpuMs: number
  readonly bytes: number
}

async function answer({ url, loop }: Server, { path, body, name }: Question): Promise<Answer> {
  const before = await loop()
  const startedMs = performance.now()
  const response = await fetch(`${url}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  let bytes = 0
  let told = ''
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (!response.ok) told += Buffer.from(chunk).toString()
  }
  const ms = performance.now() - startedMs
  if (!response.ok) throw new Error(`${name}: ${response.status} ${told.slice(0, 300)}`)
  const longest = await loop()
  return { ms, cpuMs: longest.totalCpuMs - before.totalCpuMs, loopMs: longest.ms, loopCpuMs: longest.cpuMs, bytes }
}

async function newestRequest(url: string): Promise<string> {
  const response = await fetch(`${url}/v1/halftone/requests?limit=1`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
  const { data } = (await response.json()) as { readonly data: readonly { readonly id: string }[] }
  return data[0]?.id ?? ''
}

/** The month before this one. */
function lastMonth(): string {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1)).toISOString().slice(0, 7)
}

const lines: string[] = []
const say = (line: string): void => {
  lines.push(line)
  console.log(line)
}
const load = (): string => (loadavg()[0] ?? 0).toFixed(1)

async function measure(server: Server): Promise<number> {
  const asked = questions({ month: lastMonth(), requestId: await newestRequest(server.url) })
  let missed = 0
  say('| question | first ms | worst of the rest ms | target ms | CPU ms | loop busy, CPU ms | loop, ms | KiB | |')
  say('|---|---|---|---|---|---|---|---|---|')
  for (const question of asked.filter(({ name }) => values.only === undefined || name.includes(values.only))) {
    const first = await answer(server, question)
    const rest: Answer[] = []
    for (let run = 1; run < Number(values.runs); run += 1) rest.push(await answer(server, question))
    const all = [first, ...rest]
    const worstMs = Math.max(...rest.map(({ ms }) => ms))
    const loopMs = Math.max(...all.map((each) => each.loopMs))
    const loopCpuMs = Math.max(...all.map((each) => each.loopCpuMs))
    const { targetMs } = question
    const isMet = loopCpuMs <= LOOP_MS && (targetMs === undefined || (worstMs <= targetMs && first.ms <= 2_000))
    if (!isMet) missed += 1
    const cells = [
      first.ms.toFixed(0),
      worstMs.toFixed(0),
      targetMs ?? '',
      Math.max(...all.map(({ cpuMs }) => cpuMs)).toFixed(0),
      loopCpuMs.toFixed(0),
      loopMs.toFixed(0),
      (first.bytes / 1024).toFixed(0),
    ]
    say(`| ${question.name} | ${cells.join(' | ')} | ${isMet ? 'ok' : 'MISSED'} |`)
  }
  return missed
}

const dataDir = values['data-dir'] === undefined ? await seed() : resolve(values['data-dir'])
say('# Reads\n')
say(
  `${cpus()[0]?.model.trim()} x ${cpus().length}, ${(totalmem() / 2 ** 30).toFixed(1)} GiB, kernel ${release()}, Node ${process.version}, load ${load()} before it began.`,
)
say(`${values.runs} runs of each question; the loop may be busy for ${LOOP_MS} ms of CPU time at a stretch.\n`)
const server = await start(dataDir)
try {
  const missed = await measure(server)
  say(missed === 0 ? '\nAll targets held.' : `\n${missed} missed.`)
  say(`Load ${load()} at the end; the gateway holds ${(await server.loop()).memoryMb.toFixed(0)} MB.`)
  if (values.save) {
    const results = new URL('./results/', import.meta.url)
    mkdirSync(results, { recursive: true })
    writeFileSync(new URL('reads.md', results), `${lines.join('\n')}\n`)
  }
  process.exitCode = missed === 0 ? 0 : 1
} finally {
  await server.close()
  if (values['data-dir'] === undefined) rmSync(dataDir, { recursive: true, force: true })
}
