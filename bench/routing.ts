/**
 * What routing saves and what it keeps: simulated months against the best that was possible, under the world of
 * `src/core/simulation`. The default is a quick look; the figures of the results file come from
 *
 *     npm run bench:routing -- --seeds 20 --volumes 120000,700000,2500000
 *
 * Seeds count from 1; the router was tuned on seeds from 101 on (`--first 101`). `--baselines main` leaves out all but the references.
 * `--losses` runs the router again and again with one thing at a time not hidden from it, and says what hiding it costs.
 * `--gpu` is the other track: the same months with GPUs to rent, against a bound that has them too.
 * `--resume FILE` keeps each month's result there as it ends and runs only what the file lacks, so that a long run can be ended and taken up
 * again, or reported as far as it came (`--report`, which runs nothing). The file must be of one track and one state of the code.
 * Exits with 1 when a target is missed.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { measureDeciding } from './routing/deciding.ts'
import { formatGpuSeed, formatGpuVolume, gpuTargets } from './routing/gpu-report.ts'
import type { GpuJobResult } from './routing/gpu-types.ts'
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
    gpu: { type: 'boolean', default: false },
    save: { type: 'string' },
    resume: { type: 'string' },
    report: { type: 'boolean', default: false },
  },
})

const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => Number(values.first) + index)
const volumes = values.volumes.split(',').map(Number)
const baselines = values.baselines === 'main' ? 'main' : 'all'

function runJob<Result>(script: string, job: Job): Promise<Result> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(script, import.meta.url), { workerData: job })
    // A job's one message is its result.
    worker.once('message', (result: Result) => resolve(result))
    worker.once('error', reject)
  })
}

interface Ended {
  readonly seed: number
  readonly volume: number
}

/** Results of these seeds that a run before has kept. */
function keptResults<Result extends Ended>(volume: number): Result[] {
  if (values.resume === undefined || !existsSync(values.resume)) return []
  const lines = readFileSync(values.resume, 'utf8').split('\n').filter(Boolean)
  // One result a line, as they are written below.
  const kept = lines.map((line) => JSON.parse(line) as Result).filter((result) => result.volume === volume)
  // Two runs may have ended the same month.
  return seeds.flatMap((seed) => kept.find((result) => result.seed === seed) ?? [])
}

async function runAll<Result extends Ended>(
  script: string,
  volume: number,
  format: (result: Result) => string,
): Promise<Result[]> {
  const results = keptResults<Result>(volume)
  for (const result of results) console.log(format(result))
  const missing = values.report ? [] : seeds.filter((seed) => !results.some((result) => result.seed === seed))
  const waiting = missing.map((seed): Job => ({ seed, volume, baselines, solveSeconds: 60, losses: values.losses }))
  const lane = async (): Promise<void> => {
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      const result = await runJob<Result>(script, job)
      results.push(result)
      if (values.resume !== undefined) appendFileSync(values.resume, `${JSON.stringify(result)}\n`)
      console.log(format(result))
    }
  }
  await Promise.all(Array.from({ length: Number(values.threads) }, lane))
  return results.toSorted((a, b) => a.seed - b.seed)
}

const [cpu] = cpus()
const machine = `${cpu?.model ?? 'unknown CPU'} x ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
console.log(machine)
const sections: string[] = []
let missed = 0

/** The section of one volume, and its targets. */
function finish(section: string, targets: readonly { readonly isMet: boolean }[]): void {
  missed += targets.filter(({ isMet }) => !isMet).length
  sections.push(section)
  console.log(`\n${section}`)
}

if (!values.gpu) {
  const deciding = measureDeciding()
  finish(decidingLine(deciding), [{ isMet: isQuick(deciding) }])
}
for (const volume of volumes) {
  if (values.gpu) {
    const results = await runAll<GpuJobResult>('./routing/gpu-job.ts', volume, formatGpuSeed)
    const targets = gpuTargets(volume, results)
    finish(formatGpuVolume(volume, results, targets), targets)
  } else {
    const results = await runAll<JobResult>('./routing/job.ts', volume, formatSeed)
    const report = reportVolume(volume, results)
    finish(formatVolume(report, results), report.targets)
  }
}
if (values.save !== undefined) {
  const folder = fileURLToPath(new URL('./results/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  const command = `npm run bench:routing -- --seeds ${values.seeds} --first ${values.first} --volumes ${values.volumes} --baselines ${baselines}${values.gpu ? ' --gpu' : ''}`
  writeFileSync(`${folder}${values.save}.md`, `# Routing benchmark\n\n${machine}. \`${command}\`\n\n${sections.join('\n')}`)
}
process.exitCode = missed === 0 ? 0 : 1
