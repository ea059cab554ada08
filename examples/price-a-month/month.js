// Prices a month of traffic, as it was bought and as it would have been bought elsewhere. Runs in Node and in a browser.
import { formatQuantity, formatUsd, quote } from 'halftone/pricing'

/** Requests of a CSV text: `at,offer,size,quality,n,inputs,prompt`, sizes of input images separated by blanks. */
export function parseRequests(csv) {
  const [head = [], ...rows] = parseCsv(csv)
  return rows.map((row) => {
    const { at, offer, size, quality, n, inputs, prompt } = Object.fromEntries(head.map((name, index) => [name, row[index]]))
    return { at, offer, size, n: Number(n || 1), inputs: inputs ? inputs.split(' ') : [], prompt, ...(quality && { quality }) }
  })
}

/** Rows of cells; a quoted cell may hold commas, line breaks and doubled quotes. */
function parseCsv(text) {
  const rows = [[]]
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    if (end === '') break
    if (end !== ',') rows.push([])
  }
  return rows.filter((row) => row.length > 1)
}

/**
 * What the requests cost: least, expected and most (null where nobody knows a most), and how many have no price. With a
 * `product`, an offer or a model, all of them go there instead of where they went; a model goes to its cheapest provider.
 * Tiers and free units count what came before in the month.
 */
export function priceRequests(prices, requests, product) {
  const sum = { name: product, offers: new Set(), images: 0, min: 0n, expected: 0n, max: 0n, unpriced: 0, reason: undefined }
  const used = new Map()
  for (const request of requests) {
    const { offer: bought, ...picture } = request
    const target = product ?? bought
    // Where no quality was asked for, another model that has qualities would make its middle one.
    if (product !== undefined) picture.quality ??= 'medium'
    const before = used.get(target) ?? {}
    const monthToDate = Object.fromEntries(Object.entries(before).map(([meter, amount]) => [meter, formatQuantity(amount)]))
    const answer = quote(prices, { ...picture, ...(target.includes(':') ? { offer: target } : { model: target }), monthToDate })
    if (answer.kind === 'unpriced') {
      sum.unpriced += 1
      sum.reason ??= answer.reason
      continue
    }
    sum.offers.add(answer.offer)
    sum.images += request.n
    sum.min += answer.minNanoUsd
    sum.expected += answer.expectedNanoUsd
    sum.max = sum.max === null || answer.maxNanoUsd === null ? null : sum.max + answer.maxNanoUsd
    for (const [meter, amount] of Object.entries(answer.expectedUsage)) before[meter] = (before[meter] ?? 0n) + amount
    used.set(target, before)
  }
  return sum
}

/** The month as it was, each offer's part of it, and the whole of it at each of `others` (offers or models), cheapest first. */
export function priceMonth(prices, requests, others) {
  const parts = Map.groupBy(requests, ({ offer }) => offer)
  return {
    month: priceRequests(prices, requests),
    parts: [...parts].map(([offer, some]) => ({ ...priceRequests(prices, some), name: offer })),
    elsewhere: others
      .map((other) => priceRequests(prices, requests, other))
      .sort((a, b) => a.unpriced - b.unpriced || Number(a.expected - b.expected)),
  }
}

/** Models to compare with where none are named. */
export const popular = [
  'openai/gpt-image-2',
  'google:google/gemini-3.1-flash-image+batch',
  'openai/gpt-image-1.5',
  'google/gemini-3.1-flash-image',
  'google/gemini-3-pro-image',
  'black-forest-labs/flux.2-pro',
  'black-forest-labs/flux.2-klein-4b',
  'recraft/recraft-v4',
]

const usd = (amount) => (amount === null ? 'unknown' : `$${formatUsd(amount)}`)

/** The cells of one sum. */
export const cellsOf = ({ name, offers, images, min, expected, max, unpriced }) => ({
  name,
  at: [...offers].map((offer) => offer.split(':')[0]).join(', '),
  images,
  least: usd(min),
  expected: usd(expected),
  most: usd(max),
  'without a price': unpriced,
})

export function headline(requests, { images, expected, unpriced, reason }) {
  const missing = unpriced > 0 ? `; ${unpriced} requests have no price and are not in it: ${reason}` : ''
  return `${requests.length} requests, ${images} images, ${usd(expected)} expected${missing}`
}
