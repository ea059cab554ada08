// Own GPUs, free units of a contract, and what is left to pay when lots have paid. The book is forms.json, with invented numbers.

const base = (model, name, source, { settings = {}, ...facts }) => ({
  name: `forms:forms/${model}: ${name}`,
  offer: `forms:forms/${model}`,
  source,
  settings: { size: '1024x1024', n: 1, ...settings },
  request: { operation: 'generate' },
  ...facts,
})

// 1 / 0.3 s and 1 / 1.75 s an image, each rounded up to the microsecond; 0.35 s a call; $2.49 for 3600 x 0.7 usable seconds.
const gpuHours = [
  [1, undefined, '3.683334'],
  [3, undefined, '10.350002'],
  [4, 4, '2.635716'],
  [1, 30, '3.683334'],
].map(([n, steps, seconds]) =>
  base('gpu-hours', `${n} images${steps ? ` of ${steps} steps` : ''}`, 'Form: GPUs rented by the hour, paid idle or not', {
    settings: { n, ...(steps && { steps }) },
    lines: [[seconds, '2.49', '2520']],
  }),
)

// A megapixel takes 1 / 0.45 / 0.8 s and a call 24 / 130 / 0.8 s of start, each rounded up to the microsecond: 2.777778 and
// 0.230770; so does the time of an image of another size.
const gpuSeconds = [
  ['1024x1024', 1, '3.143482'],
  ['512x512', 2, '1.687126'],
  ['2048x1024', 1, '6.056194'],
].map(([size, n, seconds]) =>
  base('gpu-seconds', `${n} of ${size}`, 'Form: serverless GPUs by the second, with cold starts and idle tails', {
    settings: { size, n },
    lines: [[seconds, '0.00076']],
  }),
)

const metered = [
  base('gpu-metered', 'two estimated', 'Form: GPU seconds told by the provider', {
    settings: { n: 2 },
    lines: [['8', '1.19', '3600']],
    perToken: 'estimated',
  }),
  base('gpu-metered', 'settled by the seconds that it took', 'Form: GPU seconds told by the provider', {
    settle: { outcome: 'succeeded', billed: 'yes', usage: { 'gpu.seconds': '7.654321' } },
    lines: [['7.654321', '1.19', '3600']],
  }),
]

const freeContract = [
  ['1', '0', '0'],
  ['4', '998', '2'],
  ['2', '1000', '2'],
].map(([n, before, paid]) =>
  base('free-contract', `${n} after ${before}, ${paid} paid`, 'Form: units included in a contract', {
    settings: { n: Number(n) },
    monthToDate: { 'images.out': '5' },
    contractToDate: { 'images.out': before },
    lines: [[paid, '0.04']],
  }),
)

const ends = '2026-12-01'
const credits = { id: 'credits', ends, capacity: '100', remaining: '100', paid: '80' }
const lots = [
  ['credits that end pay for all of it', [credits], { paidFor: '0.16' }],
  ['credits that end pay while they last', [{ ...credits, remaining: '0.1' }], { paidFor: '0.1' }],
  [
    'credits without an end cost what they were bought for',
    [{ ...credits, ends: undefined }],
    { lasting: [['0.16', '80', '100']] },
  ],
  [
    'those that end go first, lasting ones pay the rest',
    [
      { ...credits, id: 'lasting', ends: undefined },
      { ...credits, remaining: '0.05' },
    ],
    { paidFor: '0.05', lasting: [['0.11', '80', '100']] },
  ],
  ['credits that ended pay nothing', [{ ...credits, ends: '2026-11-22' }], {}],
  [
    'capacity for three of four pictures',
    [{ id: 'hour', ends, meter: 'images.out', capacity: '600', remaining: '3', paid: '12' }],
    { paidFor: '0.12' },
  ],
  [
    'capacity, then credits, then the price',
    [
      { ...credits, remaining: '0.01' },
      { id: 'hour', ends, meter: 'images.out', capacity: '600', remaining: '1', paid: '12' },
    ],
    { paidFor: '0.05' },
  ],
  ['capacity of another meter', [{ id: 'hour', ends, meter: 'gpu.seconds', capacity: '600', remaining: '600', paid: '12' }], {}],
].map(([name, held, beyond]) =>
  base('plain', name, 'Form: commitments, what the next call adds to the bill', {
    settings: { n: 4 },
    lots: held.map(({ ends: end, ...lot }) => ({ ...lot, ...(end && { ends: end }) })),
    lines: [['4', '0.04']],
    beyond,
  }),
)

export const commitments = [...gpuHours, ...gpuSeconds, ...metered, ...freeContract, ...lots]
