// Ask what a picture would cost on every candidate, choose one, and buy it with a limit.
// Run it beside a gateway: HALFTONE_KEY="$(cat .halftone/admin-key)" npx node examples/quote-then-generate.ts
const origin = 'http://127.0.0.1:7788'

async function post<Answer>(path: string, body: object): Promise<Answer> {
  const response = await fetch(origin + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${process.env['HALFTONE_KEY']}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Answer
}

interface Candidate {
  readonly offer: string
  readonly quality: string | null
  readonly expected_usd: string
  readonly max_usd: string | null
}
interface Quote {
  readonly candidates: readonly Candidate[]
}
interface Images {
  readonly data: readonly { readonly url: string }[]
  readonly halftone: { readonly request_id: string; readonly cost_usd: string; readonly offer: string }
}

const request = { prompt: 'a lighthouse at dusk, linocut', size: '1536x1024', n: 2 }

const { candidates } = await post<Quote>('/v1/halftone/quote', request)
for (const { offer, quality, expected_usd, max_usd } of candidates)
  console.log(
    `${offer}${quality ? `, ${quality}` : ''}: $${expected_usd}, at most ${max_usd === null ? 'unknown' : `$${max_usd}`}`,
  )

const [cheapest] = candidates
if (!cheapest) throw new Error('No offer can make this picture.')

const { data, halftone } = await post<Images>('/v1/images/generations', {
  ...request,
  model: cheapest.offer,
  // The price is that of this quality; the offer's own default may cost more.
  ...(cheapest.quality && { quality: cheapest.quality }),
  response_format: 'url',
  halftone: { max_cost_usd: cheapest.max_usd ?? '0.50', tags: { campaign: 'summer' } },
})
for (const { url } of data) console.log(url)
console.log(`request ${halftone.request_id} cost $${halftone.cost_usd} at ${halftone.offer}`)
