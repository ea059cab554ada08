// Prices by megapixels, tiles, steps, seconds and inputs, with their round-ups.

const MP = '1.048576'
const falMaps = 'github.com/Portkey-AI/models (2026-08-21), and fal.ai: megapixels of output, rounded up'
const puterReplicate =
  'github.com/HeyPuter/puter, replicate/models.ts (2026-08-21): a run, megapixels in and megapixels out, rounded up'
const puterTogether = 'github.com/HeyPuter/puter, together/models.ts (2026-08-21): price_per_MP'
const puterCloudflare = 'github.com/HeyPuter/puter, cloudflare/models.ts (2026-08-21): tiles of 512x512 and steps'
const fireworks = 'LiteLLM model_prices_and_context_window.json (2026-07-24): dollars per step'
const bfl =
  'https://docs.bfl.ai/quick_start/pricing.md: from 3 credits, 4.5 for an edit, 1 credit = $0.01; further megapixels in the ratio of resellers'

const pixels = (size) => size.split('x').reduce((product, edge) => product * Number(edge), 1)
const megapixels = (size, count = 1) => {
  const micro = String(pixels(size) * count).padStart(7, '0')
  return `${micro.slice(0, -6)}.${micro.slice(-6)}`
}

/** Megapixels of 1024x1024, each picture rounded up to whole ones. */
const rounded = (size, n = 1) => ({ ceil: MP, of: megapixels(size, n), pieces: n })

const quoted = (offer, source, size, lines, { n = 1, steps, inputs, plain } = {}) => ({
  name: `${offer} quoted: ${size}${n > 1 ? ` n=${n}` : ''}${steps ? ` ${steps} steps` : ''}${inputs ? ` from ${inputs.join(', ')}` : ''}`,
  offer,
  source,
  settings: { size, n, ...(steps && { steps }) },
  request: inputs ? { operation: 'edit', inputs } : { operation: 'generate' },
  lines,
  ...(plain && { plain }),
})

const fal = [
  ['flux.2-pro', '0.03'],
  ['flux.1-schnell', '0.003'],
  ['flux.1-dev', '0.025'],
  ['flux.1.1-pro', '0.04'],
].flatMap(([model, price]) => {
  const offer = `fal:black-forest-labs/${model}`
  return [
    quoted(offer, falMaps, '1024x1024', [[rounded('1024x1024'), price, MP]], { plain: true }),
    quoted(offer, falMaps, '1024x1025', [[rounded('1024x1025'), price, MP]]),
    quoted(offer, falMaps, '512x512', [[rounded('512x512', 3), price, MP]], { n: 3 }),
    quoted(offer, falMaps, '1920x1088', [[rounded('1920x1088', 2), price, MP]], { n: 2 }),
  ]
})

const replicatePro = (size, { n = 1, inputs } = {}) => {
  const lines = [
    [1, '0.015'],
    [rounded(size, n), '0.015', MP],
  ]
  if (inputs)
    lines.push([
      {
        ceil: MP,
        of: megapixels(
          '1x1',
          inputs.reduce((sum, each) => sum + pixels(each), 0),
        ),
      },
      '0.015',
      MP,
    ])
  return quoted('replicate:black-forest-labs/flux.2-pro', puterReplicate, size, lines, {
    n,
    inputs,
    plain: size === '1024x1024' && !inputs && n === 1,
  })
}

const replicate = [
  replicatePro('1024x1024'),
  replicatePro('2048x1024'),
  replicatePro('1024x1024', { inputs: ['1024x1024'] }),
  replicatePro('1440x1024', { inputs: ['1024x1024', '640x480'] }),
  ...[
    ['flux.2-dev', '0.014'],
    ['flux.2-dev-fast', '0.012'],
    ['flux.2-klein-9b-base', '0.011'],
    ['flux.2-klein-4b', '0.001'],
  ].flatMap(([model, price]) => [
    quoted(`replicate:black-forest-labs/${model}`, puterReplicate, '1024x1024', [[rounded('1024x1024'), price, MP]], {
      plain: true,
    }),
    quoted(`replicate:black-forest-labs/${model}`, puterReplicate, '1280x1024', [[rounded('1280x1024'), price, MP]]),
  ]),
]

const together = [
  ['black-forest-labs/flux.2-max', '0.07'],
  ['black-forest-labs/flux.1.1-pro', '0.04'],
  ['black-forest-labs/flux.1-kontext-pro', '0.04'],
  ['black-forest-labs/flux.1-kontext-max', '0.08'],
  ['bytedance/seedream-4.0', '0.03'],
  ['bytedance/seedream-3.0', '0.018'],
  ['alibaba/qwen-image', '0.0058'],
  ['stability-ai/stable-diffusion-xl', '0.0019'],
  ['ideogram/ideogram-3', '0.06'],
].flatMap(([model, price]) => [
  quoted(`together:${model}`, puterTogether, '1024x1024', [[megapixels('1024x1024'), price]], { plain: true }),
  quoted(`together:${model}`, puterTogether, '1000x743', [[megapixels('1000x743'), price]]),
])

const TILE = '0.262144'
const tiles = (size) => ({ ceil: TILE, of: megapixels(size) })
const cloudflareSteps = (model, tile, step, size, steps, plain) =>
  quoted(
    `cloudflare:${model}`,
    puterCloudflare,
    size,
    [
      [tiles(size), tile, TILE],
      [steps, step],
    ],
    { steps, plain },
  )

const cloudflare = [
  cloudflareSteps('black-forest-labs/flux.1-schnell', '0.0000528', '0.0001056', '1024x1024', 4, true),
  cloudflareSteps('black-forest-labs/flux.1-schnell', '0.0000528', '0.0001056', '520x512', 8),
  cloudflareSteps('leonardo/lucid-origin', '0.006996', '0.000132', '1024x1024', 20, true),
  cloudflareSteps('leonardo/lucid-origin', '0.006996', '0.000132', '1120x1120', 25),
  cloudflareSteps('leonardo/phoenix-1.0', '0.00583', '0.00011', '1024x1024', 25, true),
  quoted('cloudflare:black-forest-labs/flux.2-klein-4b', puterCloudflare, '1024x1024', [[tiles('1024x1024'), '0.000287', TILE]], {
    plain: true,
  }),
  quoted(
    'cloudflare:black-forest-labs/flux.2-klein-4b',
    puterCloudflare,
    '512x512',
    [
      [tiles('512x512'), '0.000287', TILE],
      [{ ceil: TILE, of: megapixels('600x600') }, '0.000059', TILE],
    ],
    { inputs: ['600x600'] },
  ),
]

const stepped = [
  ['black-forest-labs/flux.1-dev', '0.0005', 28],
  ['black-forest-labs/flux.1-schnell', '0.00035', 4],
  ['stability-ai/stable-diffusion-xl', '0.00013', 30],
  ['playground/playground-v2.5', '0.00013', 50],
  ['playground/playground-v2', '0.00013', 40],
  ['segmind/ssd-1b', '0.00013', 25],
  ['stability-ai/japanese-stable-diffusion-xl', '0.00013', 35],
].flatMap(([model, price, steps]) => [
  quoted(`fireworks:${model}`, fireworks, '1024x1024', [[steps, price]], { steps, plain: true }),
  quoted(`fireworks:${model}`, fireworks, '1024x1024', [[3 * (steps + 1), price]], { steps: steps + 1, n: 3 }),
])

const deepinfra = [
  [28, '0.01'],
  [14, '0.005'],
  [56, '0.02'],
].map(([steps, price]) =>
  quoted(
    'deepinfra:black-forest-labs/flux.2-dev',
    'https://deepinfra.com/black-forest-labs/FLUX-2-dev/api: $0.01 x (width / 1024) x (height / 1024) x (iterations / 28)',
    '768x512',
    [[megapixels('768x512'), price, MP]],
    { steps },
  ),
)

const seconds = [
  ['replicate/gpu-t4', 'gpu.seconds', '0.000225', '12.5'],
  ['replicate/gpu-a100-80gb', 'gpu.seconds', '0.0014', '3.141593'],
  ['replicate/cpu', 'compute.seconds', '0.0001', '0.333333'],
].map(([model, meter, price, quantity]) => ({
  name: `replicate:${model} metered: ${quantity} s`,
  offer: `replicate:${model}`,
  source: 'replicate.com/docs/billing (stored page): dollars per second of hardware',
  settings: { size: '1024x1024', n: 1 },
  request: { operation: 'generate' },
  settle: { outcome: 'succeeded', billed: 'yes', usage: { [meter]: quantity } },
  lines: [[quantity, price]],
}))

const bflSizes = [
  ['1024x1024', '3'],
  ['1024x1040', '4.5'],
  ['2048x1024', '4.5'],
  ['2048x1040', '6'],
  ['2048x2048', '7.5'],
].map(([size, credits]) => quoted('black-forest-labs:black-forest-labs/flux.2-pro', bfl, size, [[1, credits, '1', '0.01']]))

const larger =
  'openrouter.ai/black-forest-labs, quoting the provider: max $0.07 and $0.03 for each more megapixel, klein 4B $0.014 and $0.001'
const largeSizes = [
  ['flux.2-max', '2048x1024', '10'],
  ['flux.2-max', '2048x1040', '13'],
  ['flux.2-max', '2048x2048', '16'],
  ['flux.2-flex', '2048x2048', '20'],
  ['flux.2-klein-4b', '1024x1040', '1.5'],
  ['flux.2-klein-4b', '2048x2048', '1.7'],
].map(([model, size, credits]) =>
  quoted(`black-forest-labs:black-forest-labs/${model}`, larger, size, [[1, credits, '1', '0.01']]),
)

const inputs = [
  quoted(
    'black-forest-labs:black-forest-labs/flux.2-pro',
    bfl,
    '1024x1024',
    [
      [1, '3', '1', '0.01'],
      [{ ceil: MP, of: megapixels('1024x1024') }, '1.5', MP, '0.01'],
    ],
    { inputs: ['1024x1024'] },
  ),
  ...[1, 2, 6].map((count) =>
    quoted(
      'luma:luma/uni-1',
      'https://docs.agents.lumalabs.ai/guides/pricing/: $0.0404, and $0.003 for each reference',
      '1024x1024',
      [
        [1, '0.0404'],
        [count, '0.003'],
      ],
      { inputs: Array.from({ length: count }, () => '512x512') },
    ),
  ),
  ...[1, 2, 4].map((count) =>
    quoted(
      'byteplus:bytedance/seedream-5.0-pro',
      'github.com/HeyPuter/puter, byteplus/models.ts (2026-08-21): $0.045; $0.003 for each input from the second on',
      '1024x1024',
      [
        [1, '0.045'],
        {
          graduated: {
            quantity: count,
            steps: [
              ['0', '0'],
              ['1', '0.003'],
            ],
          },
        },
      ],
      { inputs: Array.from({ length: count }, () => '512x512') },
    ),
  ),
  quoted(
    'xai:xai/grok-imagine-image',
    'github.com/HeyPuter/puter, xai/models.ts (2026-08-21): $0.02, and $0.002 an input',
    '1024x1024',
    [
      [1, '0.02'],
      [3, '0.002'],
    ],
    { inputs: ['512x512', '512x512', '512x512'] },
  ),
]

const sandbox = [
  ['1024x1024', 1],
  ['1000x1000', 1],
  ['64x64', 4],
  ['2048x2048', 2],
].map(([size, n]) =>
  quoted(
    'sandbox:sandbox/mega',
    'docs/reference/sandbox.md: $0.02 for each megapixel begun',
    size,
    [[{ ceil: '1', of: megapixels(size, n), pieces: n }, '0.02']],
    { n },
  ),
)

const sandboxVisual = [
  ['1024x1024', '4096'],
  ['1000x1000', '3907'],
].map(([size, count]) =>
  quoted('sandbox:sandbox/visual', 'docs/reference/sandbox.md: $0.00002 a visual token, one for 16x16 pixels', size, [
    [count, '0.00002'],
  ]),
)

export const measured = [
  ...fal,
  ...replicate,
  ...together,
  ...cloudflare,
  ...stepped,
  ...deepinfra,
  ...seconds,
  ...bflSizes,
  ...largeSizes,
  ...inputs,
  ...sandbox,
  ...sandboxVisual,
]
