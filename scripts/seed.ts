// `npm run seed -- --requests 20000 --days 90`: a believable ledger in an empty data folder, to look at and to measure on.
// Nothing is called and nothing is spent; every request carries the tag `seeded`. See docs/guide/seed.md.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { HalftoneError } from '../src/core/error.ts'
import { seedLedger } from './seed/seed.ts'

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    days: { type: 'string', default: '90' },
    seed: { type: 'string', default: '1' },
    images: { type: 'string', default: '60' },
    until: { type: 'string' },
    'data-dir': { type: 'string', default: '.halftone-seed' },
  },
})

function whole(name: 'requests' | 'days' | 'seed' | 'images', least: number): number {
  const value = Number(values[name])
  if (!Number.isSafeInteger(value) || value < least)
    throw new HalftoneError('invalid_value', `--${name} must be a whole number from ${least} on.`)
  return value
}

function instantUs(text: string | undefined): number {
  const ms = text === undefined ? Date.now() : Date.parse(text)
  if (Number.isNaN(ms)) throw new HalftoneError('invalid_value', '--until must be a date such as 2026-11-22T12:00:00Z.')
  return ms * 1_000
}

try {
  const started = performance.now()
  const databaseUrl = process.env['DATABASE_URL']
  const report = await seedLedger({
    requests: whole('requests', 1),
    days: whole('days', 1),
    seed: whole('seed', 0),
    images: whole('images', 0),
    untilUs: instantUs(values.until),
    dataDir: resolve(values['data-dir']),
    ...(databaseUrl !== undefined && databaseUrl !== '' && { databaseUrl }),
    onProgress(requests) {
      if (requests > 0 && requests % 50_000 === 0)
        console.log(`${requests} requests, ${Math.round((performance.now() - started) / 1_000)} s`)
    },
  })
  const { configFile, ...counts } = report
  console.table(counts)
  const { user, system } = process.cpuUsage()
  const seconds = `${((performance.now() - started) / 1_000).toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of CPU`
  console.log(`${seconds}. Look at it: halftone serve --config ${configFile}`)
} catch (error) {
  if (!(error instanceof HalftoneError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
