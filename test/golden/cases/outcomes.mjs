// What is owed for attempts that did not simply succeed, and where the provider itself says what it took.

const successOnly = 'Form: the policy that the book states for the outcome'

const settled = (name, offer, source, settle, more = {}) => ({
  name: `${offer} settled: ${name}`,
  offer,
  source,
  settings: { size: '1024x1024', n: 1, ...more.settings },
  request: { operation: 'generate' },
  settle: { outcome: 'succeeded', billed: 'yes', ...settle },
  ...(more.kind ? { kind: more.kind } : { lines: more.lines }),
  ...(more.adjustments && { adjustments: more.adjustments }),
})

const flat = { offer: 'sandbox:sandbox/flat', source: 'docs/reference/sandbox.md: $0.04 at medium quality' }
const medium = { quality: 'medium', n: 4 }
const ideogram = 'https://ideogram.ai/blog/ideogram-api-pricing (catalogue of 2026-11-16): $0.06 at medium quality'
const recraft = 'https://www.recraft.ai/docs/api-reference/pricing.md: 1000 API units = $1'
const bfl = 'https://docs.bfl.ai/quick_start/pricing.md: 1 credit = $0.01'

const partial = [
  settled(
    '2 of 4 pictures',
    flat.offer,
    flat.source,
    { outcome: 'partial', imagesMade: 2 },
    { settings: medium, lines: [[2, '0.04']] },
  ),
  settled(
    '1 of 4 pictures',
    flat.offer,
    flat.source,
    { outcome: 'partial', imagesMade: 1 },
    { settings: medium, lines: [[1, '0.04']] },
  ),
  settled(
    '3 of 8 pictures',
    'ideogram:ideogram/ideogram-4.5',
    ideogram,
    { outcome: 'partial', imagesMade: 3 },
    { settings: { quality: 'medium', n: 8 }, lines: [[3, '0.06']] },
  ),
  settled(
    '2 of 3 pictures, rounded up one by one',
    'sandbox:sandbox/mega',
    'docs/reference/sandbox.md: $0.02 for each megapixel begun',
    { outcome: 'partial', imagesMade: 2 },
    { settings: { n: 3 }, lines: [[{ ceil: '1', of: '2.097152', pieces: 2 }, '0.02']] },
  ),
  settled(
    'the batch discount on 3 pictures of 4',
    'sandbox:sandbox/batch+batch',
    'docs/reference/sandbox.md: $0.02, half of it in the batch lane',
    { outcome: 'partial', imagesMade: 3 },
    { settings: { n: 4 }, lines: [[3, '0.02']], adjustments: [['multiplier', '0.5']] },
  ),
]

const reported = [
  ['credits', 'black-forest-labs:black-forest-labs/flux.2-pro', bfl, '3', 'credit', '0.01'],
  ['credits for several megapixels', 'black-forest-labs:black-forest-labs/flux.2-pro', bfl, '7.5', 'credit', '0.01'],
  ['API units', 'recraft:recraft/recraft-v4.1', recraft, '35', 'API unit', '0.001'],
  ['API units of another model', 'recraft:recraft/recraft-v4.1-pro', recraft, '209.5', 'API unit', '0.001'],
  [
    'dollars with many decimals',
    'openrouter:microsoft/mai-image-2.7',
    'openrouter.ai: usage.cost in dollars',
    '0.0351234567895',
    'USD',
    '1',
  ],
  ['dollars', 'xai:xai/grok-imagine-image', 'xAI: cost_in_usd_ticks, 10 billion to the dollar', '0.0199999999', 'USD', '1'],
  ['yuan', 'dashscope:alibaba/qwen-image-plus@cn-beijing', 'frankfurter.dev: CNY 1 = USD 0.1500', '0.2', 'CNY', '0.15'],
  ['nothing, which is a value', 'sandbox:sandbox/flat', flat.source, '0', 'USD', '1'],
].map(([name, offer, source, amount, unit, worth]) =>
  settled(
    `the provider reported ${name}`,
    offer,
    source,
    { reportedCost: { amount, unit, source: 'usage.cost' } },
    { settings: { quality: 'medium' }, lines: [[1, amount, '1', worth]] },
  ),
)

const despite = settled(
  'a cost reported for an attempt said to be free',
  flat.offer,
  flat.source,
  { outcome: 'error', billed: 'no', reportedCost: { amount: '0.04', unit: 'USD', source: 'usage.cost' } },
  { settings: { quality: 'medium' }, lines: [[1, '0.04']] },
)

const failed = [
  ['refused before', 'openai:openai/gpt-image-2', { outcome: 'refused', stage: 'before', billed: 'unknown' }, { kind: 'free' }],
  [
    'refused after, and nobody knows',
    'openai:openai/gpt-image-2',
    { outcome: 'refused', stage: 'after', billed: 'unknown' },
    { kind: 'unknown' },
  ],
  [
    'refused after, with what it consumed',
    'openai:openai/gpt-image-2',
    { outcome: 'refused', stage: 'after', billed: 'yes', usage: { 'tokens.text.in': '44', 'tokens.image.out': '7024' } },
    {
      lines: [
        [44, '5', '1000000'],
        [7024, '30', '1000000'],
      ],
    },
  ],
  [
    'refused after',
    'ideogram:ideogram/ideogram-4.5',
    { outcome: 'refused', stage: 'after', billed: 'unknown' },
    { lines: [[1, '0.06']] },
  ],
  [
    'refused before',
    'ideogram:ideogram/ideogram-4.5',
    { outcome: 'refused', stage: 'before', billed: 'unknown' },
    { kind: 'free' },
  ],
  ['turned away', 'sandbox:sandbox/flat', { outcome: 'rate_limited', billed: 'unknown' }, { kind: 'free' }],
  ['refused, no stage told', 'sandbox:sandbox/flat', { outcome: 'refused', billed: 'unknown' }, { kind: 'unknown' }],
  ['refused after', 'sandbox:sandbox/flat', { outcome: 'refused', stage: 'after', billed: 'unknown' }, { lines: [[1, '0.04']] }],
  [
    'refused, and the provider bills it',
    'stability:stability-ai/stable-image-core',
    { outcome: 'refused', stage: 'after', billed: 'yes' },
    { lines: [[1, '3', '1', '0.01']] },
  ],
  [
    'refused after',
    'stability:stability-ai/stable-image-core',
    { outcome: 'refused', stage: 'after', billed: 'unknown' },
    { kind: 'free' },
  ],
  ['an error with an answer', 'sandbox:sandbox/flat', { outcome: 'error', answered: true, billed: 'unknown' }, { kind: 'free' }],
  ['an error without an answer', 'sandbox:sandbox/flat', { outcome: 'error', billed: 'unknown' }, { kind: 'unknown' }],
  ['a timeout', 'openai:openai/gpt-image-2', { outcome: 'timeout', billed: 'unknown' }, { kind: 'unknown' }],
  ['a timeout that was billed', 'sandbox:sandbox/flat', { outcome: 'timeout', billed: 'yes' }, { lines: [[1, '0.04']] }],
  ['not billed', 'openai:openai/gpt-image-2', { outcome: 'error', billed: 'no' }, { kind: 'free' }],
  [
    'cancelled, half is billed',
    'forms:forms/half-cancelled',
    { outcome: 'cancelled', billed: 'unknown' },
    { lines: [[1, '0.0300000001']], adjustments: [['multiplier', '0.5']] },
  ],
  [
    'refused before, a tenth is billed',
    'forms:forms/half-cancelled',
    { outcome: 'refused', stage: 'before', billed: 'unknown' },
    { lines: [[1, '0.0300000001']], adjustments: [['multiplier', '0.1']] },
  ],
  ['a model without a price', 'openai:openai/gpt-image-2.6-flare', {}, { kind: 'unpriced' }],
  [
    'a meter without a rate',
    'openai:openai/gpt-image-2.6-sunburst',
    { usage: { 'tokens.image.out': '1024', 'tokens.text.out': '50' } },
    { kind: 'unpriced' },
  ],
].map(([name, offer, settle, more]) => settled(name, offer, successOnly, settle, { settings: { quality: 'medium' }, ...more }))

export const outcomes = [...partial, ...reported, despite, ...failed]
