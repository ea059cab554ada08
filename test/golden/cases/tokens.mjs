// Prices by the token: what a provider metered, and what a call is expected to take.
import { ceiling, over, plus, rational, times } from '../exact.mjs'

const M = '1000000'

const openaiPage = 'https://developers.openai.com/api/docs/models: dollars per million tokens'
const maps =
  'LiteLLM model_prices_and_context_window.json (2026-07-24) and github.com/Portkey-AI/models (2026-08-21), which agree'
const google = 'github.com/Portkey-AI/models and LiteLLM (2026-08): dollars per million tokens'
const nano = 'https://github.com/BerriAI/litellm/discussions/44983 (2026-10): $30 per million image tokens, 1120 tokens at 1K'
const anthropic = 'https://platform.claude.com/docs/about-claude/models/overview: dollars per million tokens'

/** Prices of text in, cached text in, image in, cached image in, image out, text out. */
const openai = {
  'gpt-image-2.6-sunburst': { source: openaiPage, prices: ['5', '1.25', '8', '2', '30'] },
  'gpt-image-2.5-sunburst': {
    source: 'apifox.com/apiskills/gpt-image-2-5-api-cn, quoting the pricing page of 2026-09-09',
    prices: ['5', undefined, '8', undefined, '30'],
  },
  'gpt-image-2.5-flare': {
    source: 'apifox.com/apiskills/gpt-image-2-5-api-cn, quoting the pricing page of 2026-09-09',
    prices: ['5', undefined, '8', undefined, '30'],
  },
  'gpt-image-2': { source: maps, prices: ['5', '1.25', '8', '2', '30', '10'] },
  'gpt-image-1.5': { source: maps, prices: ['5', '1.25', '8', '2', '32', '10'] },
  'gpt-image-1-mini': { source: openaiPage, prices: ['2', '0.2', '2.5', '0.25', '8'] },
  'gpt-image-1': {
    source: 'github.com/HeyPuter/puter, openai/models.ts (2026-08-21)',
    prices: ['5', '1.25', '10', '2.5', '40'],
    at: '2026-05-01',
  },
}
const meters = [
  'tokens.text.in',
  'tokens.text.in.cached',
  'tokens.image.in',
  'tokens.image.in.cached',
  'tokens.image.out',
  'tokens.text.out',
]

function metered(offer, { source, prices, at, adjustments, n = 1 }, quantities, name) {
  const usage = {}
  const lines = []
  quantities.forEach((quantity, index) => {
    if (quantity === 0 || prices[index] === undefined) return
    usage[meters[index]] = String(quantity)
    lines.push([quantity, prices[index], M])
  })
  return {
    name: `${offer} metered: ${name}`,
    offer,
    source,
    ...(at && { at }),
    settings: { size: '1024x1024', quality: 'high', n },
    request: { operation: 'generate' },
    settle: { outcome: 'succeeded', billed: 'yes', usage },
    lines,
    ...(adjustments && { adjustments }),
  }
}

const usages = [
  [[17, 0, 0, 0, 7024, 0], 'a picture at high quality'],
  [[1234, 321, 0, 0, 1, 0], 'a long prompt, partly cached, one image token'],
  [[50, 0, 1569, 211, 5488, 333], 'an edit, image partly cached, with reasoning'],
]

const openaiMetered = Object.entries(openai).flatMap(([model, facts]) =>
  usages.map(([quantities, name]) => metered(`openai:openai/${model}`, facts, quantities, name)),
)

/** The calculator's grid: g cells on the long edge, the area in the weight. Known: 7024 tokens at high 1024x1024, 5488 at 1536x1024. */
function gridTokens(grid, width, height) {
  const [long, short] = width >= height ? [width, height] : [height, width]
  const [n, d] = over(times(rational(grid), rational(short)), rational(long))
  const cells = (2n * n + d) / (2n * d)
  const area = plus(rational(2_000_000), times(rational(width), rational(height)))
  return ceiling(over(times(times(rational(grid), [cells, 1n]), area), rational(4_000_000)))
}

const estimate = 'a prompt of 100 characters is taken for 25 tokens and 10 of framing'

function expectedOpenai(model, quality, size, imageTokens, { n = 1, plain = false } = {}) {
  const { source, prices } = openai[model]
  return {
    name: `openai:openai/${model} quoted: ${quality} ${size}${n > 1 ? ` n=${n}` : ''}`,
    offer: `openai:openai/${model}`,
    source: `${source}; ${estimate}`,
    settings: { size, quality, n },
    request: { operation: 'generate' },
    lines: [
      [35 * n, prices[0], M],
      [(BigInt(imageTokens) * BigInt(n)).toString(), prices[4], M],
    ],
    perToken: prices[4],
    ...(plain && { plain }),
  }
}

const grids = { low: 16, medium: 48, high: 96 }
const grids25 = { low: 13, medium: 24, high: 40, xhigh: 64, max: 96 }
const listed = {
  'gpt-image-1.5': { low: [272, 408, 400], medium: [1056, 1584, 1568], high: [4160, 6240, 6208] },
  'gpt-image-1-mini': { low: [625, 750, 750], medium: [1375, 1875, 1875], high: [4500, 6500, 6500] },
}
const sizes = ['1024x1024', '1024x1536', '1536x1024']
const edges = (size) => size.split('x').map(Number)

const openaiQuoted = [
  ...Object.entries(grids).flatMap(([quality, grid]) =>
    [...sizes, '2048x1152', '3840x2160'].map((size) =>
      expectedOpenai('gpt-image-2', quality, size, gridTokens(grid, ...edges(size)), { plain: size === '1024x1024' }),
    ),
  ),
  expectedOpenai('gpt-image-2', 'high', '1024x1024', 7024, { n: 4 }),
  expectedOpenai('gpt-image-2', 'high', '1536x1024', 5488, { n: 3 }),
  ...['gpt-image-2.6-sunburst', 'gpt-image-2.5-sunburst', 'gpt-image-2.5-flare'].flatMap((model) =>
    Object.entries(grids25).map(([quality, grid]) =>
      expectedOpenai(model, quality, '1024x1024', gridTokens(grid, 1024, 1024), { plain: true }),
    ),
  ),
  ...Object.entries(listed).flatMap(([model, table]) =>
    Object.entries(table).flatMap(([quality, counts]) =>
      sizes.map((size, index) => expectedOpenai(model, quality, size, counts[index], { plain: index === 0 })),
    ),
  ),
]

/** Text in, image in, text out, image out; image tokens at 1K, 2K, 4K; text out expected. */
const gemini = {
  'gemini-nano-banana-2.1': {
    source: nano,
    prices: ['1.5', '1.5', '7.5', '30'],
    tokens: [1120, 1680, 2520],
    text: 150,
    tiers: ['batch'],
  },
  'gemini-3.1-flash-lite-image': {
    source: google,
    prices: ['0.25', '0.25', '1.5', '30'],
    tokens: [1120],
    text: 100,
    tiers: ['batch', 'flex'],
  },
  'gemini-3-pro-image': {
    source: google,
    prices: ['2', '2', '12', '120'],
    tokens: [1120, 1120, 2000],
    text: 250,
    tiers: ['batch', 'flex'],
  },
}

const geminiQuoted = Object.entries(gemini).flatMap(([model, { source, prices, tokens: counts, text, tiers }]) =>
  [undefined, ...tiers].flatMap((tier) =>
    counts.map((count, index) => {
      const size = ['1024x1024', '2048x2048', '4096x4096'][index]
      const offer = `google:google/${model}${tier ? `+${tier}` : ''}`
      return {
        name: `${offer} quoted: ${size}`,
        offer,
        source: `${source}; 25 tokens of prompt and ${text} of thinking are expected${tier ? `; ${tier} is half the price` : ''}`,
        settings: { size, n: 1 },
        request: { operation: 'generate' },
        lines: [
          [25, prices[0], M],
          [text, prices[2], M],
          [count, prices[3], M],
        ],
        ...(tier && { adjustments: [['multiplier', '0.5']] }),
        perToken: prices[3],
        ...(index === 0 && { plain: true }),
      }
    }),
  ),
)

const geminiMetered = Object.entries(gemini).flatMap(([model, { source, prices, tiers }]) =>
  [undefined, ...tiers].map((tier) => ({
    name: `google:google/${model}${tier ? `+${tier}` : ''} metered: an edit with two inputs`,
    offer: `google:google/${model}${tier ? `+${tier}` : ''}`,
    source,
    settings: { size: '1024x1024', n: 1 },
    request: { operation: 'edit', inputs: ['1024x1024', '800x600'] },
    settle: {
      outcome: 'succeeded',
      billed: 'yes',
      usage: { 'tokens.text.in': '37', 'tokens.image.in': '2241', 'tokens.text.out': '411', 'tokens.image.out': '1121' },
    },
    lines: [
      [37, prices[0], M],
      [2241, prices[1], M],
      [411, prices[2], M],
      [1121, prices[3], M],
    ],
    ...(tier && { adjustments: [['multiplier', '0.5']] }),
  })),
)

/** A token for each 32x32 pixels: 1024 for a picture of 1024x1024. */
const mai = [
  ['mai-image-2.5', '5', '47'],
  ['mai-image-2.5-flash', '1.75', '33'],
  ['mai-image-2e', '5', '19.5'],
].map(([model, input, output]) => ({
  name: `azure-openai:microsoft/${model} quoted: 1024x1024`,
  offer: `azure-openai:microsoft/${model}`,
  source: 'LiteLLM model_prices_and_context_window.json (2026-07-24); 25 tokens of prompt are expected',
  settings: { size: '1024x1024', n: 1 },
  request: { operation: 'generate' },
  lines: [
    [25, input, M],
    [1024, output, M],
  ],
  perToken: output,
  plain: true,
}))

/** Vector pictures written as text. */
const claude = [
  ['claude-fable-5-1', '10', '50'],
  ['claude-opus-5-5', '4', '20'],
  ['claude-sonnet-5-5', '2', '10'],
  ['claude-haiku-5-5', '0.1', '0.5'],
].map(([model, input, output]) => ({
  name: `anthropic:anthropic/${model} metered: a drawing`,
  offer: `anthropic:anthropic/${model}`,
  source: anthropic,
  settings: { size: '1024x1024', format: 'svg', n: 1 },
  request: { operation: 'generate' },
  settle: { outcome: 'succeeded', billed: 'yes', usage: { 'tokens.text.in': '453', 'tokens.text.out': '3777' } },
  lines: [
    [453, input, M],
    [3777, output, M],
  ],
}))

const sandbox = [
  {
    name: 'sandbox:sandbox/thinking metered',
    offer: 'sandbox:sandbox/thinking',
    source: 'docs/reference/sandbox.md: $5, $10 and $30 per million',
    settings: { size: '1024x1024', n: 1 },
    request: { operation: 'generate' },
    settle: {
      outcome: 'succeeded',
      billed: 'yes',
      usage: { 'tokens.text.in': '25', 'tokens.text.out': '1101', 'tokens.image.out': '2499' },
    },
    lines: [
      [25, '5', M],
      [1101, '10', M],
      [2499, '30', M],
    ],
  },
]

export const tokens = [...openaiMetered, ...openaiQuoted, ...geminiQuoted, ...geminiMetered, ...mai, ...claude, ...sandbox]
