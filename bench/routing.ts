/**
 * What routing saves and what it keeps: simulated months against the best that was possible, under the world of
 * `src/core/simulation`. The default is a quick look; the figures of the results file come from
 *
 *     npm run bench:routing -- --seeds 20 --volumes 120000,700000,2500000
 *
 * Seeds count from 1; the router was tuned on seeds from 101 on (`--first 101`). `--baselines main` leaves out all but the two references.
 * `--losses` runs the router again and again with one thing at a time not hidden from it, and says what hiding it costs.
 * Exits with 1 when a target is missed.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { measureDeciding } from './routing/deciding.ts'
import { decidingLine, formatSeed, formatVolume, isQuick, reportVolume } from './routing/report.ts'
import type { Job, JobResult } from './routing/types.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    first: { type: 'string', default: '1' },
    volumes: { type: 'string', default: '120000' },
    baselines: { type: 'string', default: 'all' },
    threads: { type: 'string', default: '1' },
    losses: { type: 'boolean', default: false },
    save: { type: 'string' },
  },
})

const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => Number(values.first) + index)
const volumes = values.volumes.split(',').map(Number)
const baselines = values.baselines === 'main' ? 'main' : 'all'

function runJob(job: Job): Promise<JobResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./routing/job.ts', import.meta.url), { workerData: job })
    // A job's one message is its result.
    worker.once('message', (result: JobResult) => resolve(result))
    worker.once('error', reject)
  })
}

async function runAll(jobs: readonly Job[], threads: number): Promise<JobResult[]> {
  const waiting = [...jobs]
  const results: JobResult[] = []
  const lane = async (): Promise<void> => {
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      const result = await runJob(job)
      results.push(result)
      console.log(formatSeed(result))
    }
  }
  await Promise.all(Array.from({ length: threads }, lane))
  return results.toSorted((a, b) => a.seed - b.seed)
}

const [cpu] = cpus()
const machine = `${cpu?.model ?? 'unknown CPU'} x ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
console.log(machine)
const deciding = measureDeciding()
const sections = [decidingLine(deciding)]
console.log(sections[0])
let missed = isQuick(deciding) ? 0 : 1
for (const volume of volumes) {
  const jobs = seeds.map((seed): Job => ({ seed, volume, baselines, solveSeconds: 60, losses: values.losses }))
  const results = await runAll(jobs, Number(values.threads))
  const report = reportVolume(volume, results)
  missed += report.targets.filter(({ isMet }) => !isMet).length
  sections.push(formatVolume(report, results))
  console.log(`\n${sections.at(-1)}`)
}
if (values.save !== undefined) {
  const folder = fileURLToPath(new URL('./results/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  const command = `npm run bench:routing -- --seeds ${values.seeds} --first ${values.first} --volumes ${values.volumes} --baselines ${baselines}`
  writeFileSync(`${folder}${values.save}.md`, `# Routing benchmark\n\n${machine}. \`${command}\`\n\n${sections.join('\n')}`)
}
process.exitCode = missed === 0 ? 0 : 1
