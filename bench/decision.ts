/**
 * Bytes of the decision that the ledger keeps with each request, and of everything it keeps: real requests through a real gateway on SQLite, with the
 * offers of every hosted provider as candidates. Run with `node bench/decision.ts [--requests 400]`; exits 1 when the target is missed.
 */
import { cpus, release } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { compatibleProvider, doubleCapabilities, startTestGateway, type TestGateway } from '../test/support/gateway.ts'
import { startProviderDouble } from '../test/support/provider-double.ts'

/** A page of the database: a decision that stays within it costs a write no second one. */
const TARGET_P99_BYTES = 4_096
const AT_ONCE = 16

const { values } = parseArgs({ options: { requests: { type: 'string', default: '400' } } })
const requests = Number(values.requests)

/** Their offers are weighed and never called: the route prefers the double, which is there. */
const weighed = ['openai', 'google', 'stability', 'fal', 'replicate', 'recraft', 'ideogram', 'together', 'fireworks', 'runware']

const bodies = [
  {},
  { size: '1024x1024', quality: 'high' },
  { size: '1536x1024', n: 4 },
  { background: 'transparent', output_format: 'webp' },
  { size: '512x512', halftone: { fit: 'cover', tags: { campaign: 'summer', sku: '4711' } } },
  { size: '2048x2048', halftone: { upscale: 'local' } },
] as const

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN

async function makeAll(gateway: TestGateway): Promise<void> {
  let next = 0
  const caller = async (): Promise<void> => {
    while (next < requests) {
      const index = next
      next += 1
      const route = index % 2 === 0 ? 'kept' : 'watched'
      const prompt = `a lighthouse at dusk, linocut, number ${index}`
      const { status, body } = await gateway.call('/v1/images/generations', {
        body: { model: route, prompt, ...bodies[index % bodies.length] },
      })
      if (status !== 200) throw new Error(`request ${index} answered ${status}: ${JSON.stringify(body)}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, caller))
}

function read(folder: string): { readonly bytes: readonly number[]; readonly database: number; readonly longest: string } {
  const ledger = new DatabaseSync(join(folder, 'data', 'ledger.db'), { readOnly: true })
  try {
    const rows = ledger.prepare('SELECT decision FROM requests').all() as { decision: string }[]
    const { page_count: pages } = ledger.prepare('PRAGMA page_count').get() as { page_count: number }
    const { page_size: size } = ledger.prepare('PRAGMA page_size').get() as { page_size: number }
    const sorted = rows.map(({ decision }) => decision).sort((a, b) => Buffer.byteLength(a) - Buffer.byteLength(b))
    return {
      bytes: sorted.map((decision) => Buffer.byteLength(decision)),
      database: pages * size,
      longest: sorted.at(-1) ?? '',
    }
  } finally {
    ledger.close()
  }
}

const double = await startProviderDouble()
const models = [{ model: 'acme/painter', ...doubleCapabilities, formats: ['png', 'webp'] }]
const gateway = await startTestGateway({
  config: {
    providers: {
      double: compatibleProvider(double, { models }),
      ...Object.fromEntries(weighed.map((name) => [name, { apiKey: 'sk-never-used' }])),
    },
    routes: {
      kept: { objective: 'priority', order: ['double'], baseline: 'openai/gpt-image-1@high' },
      watched: { mode: 'observe', observes: 'acme/painter', floor: 'standard', baseline: 'openai/gpt-image-1@high' },
    },
  },
})
try {
  const { data } = (await gateway.call<{ data: readonly { readonly halftone: { readonly kind: string } }[] }>('/v1/models')).body
  console.log(`${cpus()[0]?.model.trim()}, kernel ${release()}, Node ${process.version}, SQLite ${process.versions['sqlite']}`)
  const empty = read(gateway.folder).database
  await makeAll(gateway)
  await gateway.settled()
  const { bytes, database, longest } = read(gateway.folder)
  const p99 = quantile(bytes, 0.99)
  console.table({
    'decision, bytes per request': { p50: quantile(bytes, 0.5), p99, most: bytes.at(-1) },
    'whole ledger, bytes per request': { p50: Math.round((database - empty) / requests) },
  })
  const offers = data.filter(({ halftone }) => halftone.kind === 'offer').length
  const parts = Object.entries(JSON.parse(longest) as Record<string, unknown>).map(
    ([name, part]) => [name, JSON.stringify(part).length] as const,
  )
  console.log(
    `${requests} requests over ${offers} offers; the longest: ${parts.map(([name, size]) => `${name} ${size}`).join(', ')}`,
  )
  if (p99 > TARGET_P99_BYTES) console.error(`MISSED decision p99: ${p99} bytes, target ${TARGET_P99_BYTES}`)
  process.exitCode = p99 > TARGET_P99_BYTES ? 1 : 0
} finally {
  await gateway.close()
  await double.close()
}
