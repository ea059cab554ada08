// Forms of price that the packaged books hold few or none of: tiers, minimums, fees, free units, markups in order, credits in
// another currency, amounts that do not end. Their book is forms.json, with invented numbers; each source says who bills so.

const graduatedSteps = [
  ['0', '0.05'],
  ['100', '0.04'],
  ['1000', '0.03'],
]

const base = (model, name, source, more) => ({
  name: `forms:forms/${model}: ${name}`,
  offer: `forms:forms/${model}`,
  source,
  settings: { size: '1024x1024', n: 1, ...more.settings },
  request: { operation: 'generate', ...more.request },
  ...more.facts,
})

/** Pictures bought, after so many this month. */
const tiered = (kind, model, source) =>
  [
    ['1', '0'],
    ['1', '99'],
    ['2', '99'],
    ['1', '100'],
    ['3', '98'],
    ['4', '998'],
    ['1', '999'],
    ['1', '1000'],
    ['7', '123456'],
  ].map(([quantity, before]) =>
    base(model, `${quantity} after ${before}`, source, {
      settings: { n: Number(quantity) },
      facts: { monthToDate: { 'images.out': before }, lines: [{ [kind]: { quantity, before, steps: graduatedSteps } }] },
    }),
  )

const graduated = tiered(
  'graduated',
  'graduated',
  'Form: graduated steps by the month, as Cloudflare and Google bill included units',
)
const volume = tiered('volume', 'volume', 'Form: all units at the price of the volume reached, as resellers discount')

const perRequest = [1, 4, 5, 6, 10].map((n) =>
  base('request-tiers', `${n} in one call`, 'Form: the first pictures of a call cost more, as Seedream counts inputs', {
    settings: { n },
    facts: {
      monthToDate: { 'images.out': '5000' },
      lines: [
        {
          graduated: {
            quantity: String(n),
            steps: [
              ['0', '0.04'],
              ['1', '0.03'],
              ['5', '0.02'],
            ],
          },
        },
      ],
    },
  }),
)

const contract = ['0', '499999', '500000'].map((before) =>
  base(
    'contract-tiers',
    `2 after ${before} in the contract`,
    'Form: volume steps over a contract, as enterprise price sheets state',
    {
      settings: { n: 2 },
      facts: {
        monthToDate: { 'images.out': '7' },
        contractToDate: { 'images.out': before },
        lines: [
          {
            volume: {
              quantity: '2',
              before,
              steps: [
                ['0', '0.04'],
                ['500001', '0.025'],
              ],
            },
          },
        ],
      },
    },
  ),
)

const least = [
  ['512x512', 3, { ceil: '0.5', of: '0.786432', pieces: 3, least: '1' }],
  ['1024x1024', 1, { ceil: '0.5', of: '1.048576', least: '1' }],
  ['1024x1024', 2, { ceil: '0.5', of: '2.097152', pieces: 2, least: '1' }],
  ['1500x1000', 1, { ceil: '0.5', of: '1.5', least: '1' }],
  ['1501x1000', 1, { ceil: '0.5', of: '1.501', least: '1' }],
].map(([size, n, quantity]) =>
  base('half-megapixels', `${n} of ${size}`, 'Form: half megapixels begun, at least one, picture by picture, as fal rounds', {
    settings: { size, n },
    facts: { lines: [[quantity, '0.02']] },
  }),
)

const ordered = [
  base('adjusted', 'batch, then markup, then fee', 'Form: batch discount, aggregator markup of 5.5 % (OpenRouter), call fee', {
    settings: { n: 3 },
    facts: {
      lines: [[3, '0.0399']],
      adjustments: [
        ['multiplier', '0.5'],
        ['percent', '5.5'],
        ['add', '0.0007'],
      ],
    },
  }),
  base(
    'adjusted',
    'a markup that does not end at a nano-dollar',
    'Form: batch discount, aggregator markup of 5.5 % (OpenRouter), call fee',
    {
      facts: {
        lines: [[1, '0.0399']],
        adjustments: [
          ['multiplier', '0.5'],
          ['percent', '5.5'],
          ['add', '0.0007'],
        ],
      },
    },
  ),
  base('adjusted-late', 'fee, then batch, then markup', 'Form: a fee that is discounted too', {
    settings: { n: 3 },
    facts: {
      lines: [[3, '0.0399']],
      adjustments: [
        ['add', '0.0007'],
        ['multiplier', '0.5'],
        ['percent', '5.5'],
      ],
    },
  }),
  base('priority', 'twice the price', 'Form: priority processing at a multiple, as OpenAI and Google sell it', {
    settings: { n: 2 },
    facts: { lines: [[2, '0.021']], adjustments: [['multiplier', '2']] },
  }),
  base('picture-fee', 'a fee for each picture', 'Form: metadata fee for each picture, as stock libraries bill', {
    settings: { n: 4 },
    facts: { lines: [[4, '0.01']], adjustments: [['add', '0.012']] },
  }),
  base('floored', 'below the minimum of a call', 'Form: minimum charge for a call', {
    facts: { lines: [[1, '0.01']], adjustments: [['min', '0.025']] },
  }),
  base('floored', 'above the minimum of a call', 'Form: minimum charge for a call', {
    settings: { n: 3 },
    facts: { lines: [[3, '0.01']], adjustments: [['min', '0.025']] },
  }),
  base('capped', 'below the maximum of a call', 'Form: maximum charge for a call', {
    settings: { n: 2 },
    facts: { lines: [[2, '0.04']], adjustments: [['max', '0.1']] },
  }),
  base('capped', 'above the maximum of a call', 'Form: maximum charge for a call', {
    settings: { n: 5 },
    facts: { lines: [[5, '0.04']], adjustments: [['max', '0.1']] },
  }),
]

const free = [
  [5, '0', 0],
  [5, '6', 1],
  [5, '9', 4],
  [5, '10', 5],
  [5, '11', 5],
].map(([n, before, paid]) =>
  base('free-month', `${n} after ${before}, ${paid} paid`, 'Form: ten free pictures a month, as Cloudflare includes units', {
    settings: { n },
    facts: { monthToDate: { 'images.out': before }, lines: [[paid, '0.04']] },
  }),
)

const freeRequest = [1, 2, 3, 10].map((n) =>
  base('free-request', `${n} in one call, two free, then 20 % on top`, 'Form: included units of each call', {
    settings: { n },
    facts: { lines: [[Math.max(0, n - 2), '0.033']], adjustments: [['percent', '20']] },
  }),
)

/** EUR 0.0123 a credit, USD 1.0837 for EUR 1. */
const credits = [1, 3, 10].map((n) => ({
  ...base('seven-credits', `${n} pictures`, 'Form: credits sold in euro; invented conversion of forms.json', { settings: { n } }),
  name: `forms-eur:forms/seven-credits: ${n} pictures`,
  offer: 'forms-eur:forms/seven-credits',
  lines: [[7 * n, '0.0123', '1', '1.0837']],
}))

const roundings = [
  ['third', '1', '3', 1],
  ['third', '1', '3', 2],
  ['third', '1', '3', 7],
  ['half-nano', '0.0000000005', '1', 1],
  ['half-nano', '0.0000000005', '1', 3],
  ['half-nano', '0.0000000005', '1', 5],
  ['half-nano', '0.0000000005', '1', 6],
  ['seventh', '0.1', '7', 3],
].map(([model, price, per, n]) =>
  base(model, `${n} pictures`, 'Form: an amount that is not a whole nano-dollar, rounded once, a half to the even', {
    settings: { n },
    facts: { lines: [[n, price, per]] },
  }),
)

const dated = [
  ['2026-05-31', '0.05'],
  ['2026-06-01', '0.04'],
  ['2026-11-22', '0.04'],
].map(([at, price]) =>
  base('dated', `on ${at}`, 'Form: a price that changed on 2026-06-01', { facts: { at, lines: [[1, price]] } }),
)

const conditions = [
  ['plain', {}, {}, '0.01'],
  ['a style', {}, { style: 'vivid' }, '0.02'],
  ['a negative prompt', {}, { negativePrompt: 'rain' }, '0.03'],
  ['a transparent background', { background: 'transparent' }, {}, '0.04'],
  ['two formats', { format: 'webp' }, {}, '0.05'],
  ['few steps', { steps: 10 }, {}, '0.06'],
  ['the last of few steps', { steps: 20 }, {}, '0.06'],
  ['many steps', { steps: 21 }, {}, '0.01'],
  ['a mask', {}, { operation: 'edit', inputs: ['512x512'], mask: true }, '0.07'],
  ['an edit', {}, { operation: 'edit', inputs: ['512x512'] }, '0.08'],
  ['an edit with a mask at a size', { size: '512x512' }, { operation: 'edit', inputs: ['512x512'], mask: true }, '0.09'],
].map(([name, settings, request, price]) =>
  base('conditions', name, 'Form: the most specific condition decides', { settings, request, facts: { lines: [[1, price]] } }),
)

const streamed = [0, 1, 3].map((partialImages) =>
  base(
    'partials',
    `${partialImages} partial pictures of each of 2`,
    'Form: partial pictures of a stream, as OpenAI charges them',
    {
      settings: { n: 2 },
      request: { stream: true, partialImages },
      facts: {
        lines: [
          [2, '0.04'],
          [2 * partialImages, '0.003'],
        ],
      },
    },
  ),
)

const surcharge = [1, 30, 50].map((steps) =>
  base('base-and-steps', `${steps} steps`, 'Form: a fee for each run and a price for each step', {
    settings: { steps, n: 2 },
    facts: {
      lines: [
        [1, '0.002'],
        [2 * steps, '0.00021'],
      ],
    },
  }),
)

export const forms = [
  ...graduated,
  ...volume,
  ...perRequest,
  ...contract,
  ...least,
  ...ordered,
  ...free,
  ...freeRequest,
  ...credits,
  ...roundings,
  ...dated,
  ...conditions,
  ...streamed,
  ...surcharge,
]
