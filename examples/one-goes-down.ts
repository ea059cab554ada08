// Load on a route of two sandbox offers while the first of them goes down and comes back: the client sees no error.
// Run it beside a gateway with the route of docs/guide/rehearsal.md:
// HALFTONE_KEY="$(cat .halftone/admin-key)" npx node examples/one-goes-down.ts
const origin = process.env['HALFTONE_URL'] ?? 'http://127.0.0.1:7788'
const AT_ONCE = 8
const EACH = Number(process.argv[2] ?? 60)

/** A directive that only the sandbox knows: every call to this model fails as a broken server does. */
const down = '[sandbox:500 fail-on=flat] '
const phases = [
  { name: 'both are up', directive: '' },
  { name: 'sandbox/flat is down', directive: down },
  { name: 'both are up again', directive: '' },
]

interface Seen {
  readonly status: number
  readonly offer: string
  readonly tries: number
  readonly ms: number
}

async function make(directive: string, number: number): Promise<Seen> {
  const startedMs = performance.now()
  const response = await fetch(`${origin}/v1/images/generations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${process.env['HALFTONE_KEY']}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sturdy', prompt: `${directive}a lighthouse, number ${number}`, size: '256x256' }),
  })
  await response.arrayBuffer()
  return {
    status: response.status,
    offer: response.headers.get('x-halftone-offer') ?? 'nobody',
    tries: Number(response.headers.get('x-halftone-attempts') ?? 0),
    ms: performance.now() - startedMs,
  }
}

async function load(directive: string): Promise<readonly Seen[]> {
  const seen: Seen[] = []
  let next = 0
  const client = async (): Promise<void> => {
    while (next < EACH) {
      next += 1
      seen.push(await make(directive, next))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, client))
  return seen
}

let errors = 0
for (const { name, directive } of phases) {
  const seen = await load(directive)
  const failed = seen.filter(({ status }) => status !== 200).length
  errors += failed
  const offers = new Map<string, number>()
  for (const { offer } of seen) offers.set(offer, (offers.get(offer) ?? 0) + 1)
  const slowest = Math.max(...seen.map(({ ms }) => ms))
  const tries = seen.reduce((sum, each) => sum + each.tries, 0)
  console.log(
    `${name}: ${seen.length} requests, ${failed} errors, ${tries} tries, slowest ${(slowest / 1_000).toFixed(1)} s; ${[...offers]
      .map(([offer, made]) => `${offer} ${made}`)
      .join(', ')}`,
  )
}
console.log(`errors that the client saw: ${errors}`)
process.exitCode = errors === 0 ? 0 : 1
