// Prices by the picture: flat, by quality, by size, in credits, in another currency. One row is
// `offer | settings | price | what a unit is worth in dollars`; settings are a size, a quality, or `n=3`.

const sources = {
  ideogram: 'https://ideogram.ai/blog/ideogram-api-pricing (catalogue of 2026-11-16)',
  ideogramOld: 'https://ideogram.ai/features/api-pricing (stored page, 2026)',
  bfl: 'https://docs.bfl.ai/quick_start/pricing.md: credits, 1 credit = $0.01',
  bflMaps:
    'LiteLLM model_prices_and_context_window.json (2026-07-24): dollars per image; https://docs.bfl.ai/quick_start/pricing.md: 1 credit = $0.01',
  recraft: 'https://www.recraft.ai/docs/api-reference/pricing.md: API units, 1000 units = $1',
  stability: 'https://developer.puter.com/tutorials/stability-ai-api-pricing/ (2026-06): credits, 1 credit = $0.01',
  luma: 'https://docs.agents.lumalabs.ai/guides/pricing/: $0.0404 a picture, $0.003 a reference',
  xai: 'github.com/HeyPuter/puter, xai/models.ts (2026-08-21)',
  byteplus: 'github.com/HeyPuter/puter, byteplus/models.ts (2026-08-21)',
  byteplusOld: 'github.com/Portkey-AI/models, pricing (2026-08-21)',
  dashscope: 'https://docs.crazyrouter.com/images/qwen: list prices in CNY; frankfurter.dev: CNY 1 = USD 0.1500',
  dashscopeAbroad: 'https://docs.empiriolabs.ai/models/qwen-image-2-0: list price of the Singapore region',
  fal: 'github.com/Portkey-AI/models, pricing (2026-08-21): cents per image',
  together: 'github.com/HeyPuter/puter, together/models.ts (2026-08-21)',
  replicate: 'github.com/HeyPuter/puter, replicate/models.ts (2026-08-21)',
  azure: 'LiteLLM model_prices_and_context_window.json (2026-07-24), azure_ai',
  bedrock: 'LiteLLM model_prices_and_context_window.json (2026-07-24), bedrock',
  deepinfra: 'https://deepinfra.com/black-forest-labs/FLUX-2-max/api: $0.07 per image',
  fireworks: 'LiteLLM model_prices_and_context_window.json (2026-07-24), fireworks_ai',
  runware:
    'https://runware.ai/docs/models/alibaba-z-image-turbo.md: $0.0013, $0.0032 and $0.0141 at 512, 1024 and 2048 pixels square',
  router: 'github.com/DaWe35/image-router, src/shared/imageModels (2026-02-11): dollars per image, averages where billed by time',
  openai: 'github.com/Portkey-AI/models, pricing (2026-08-21), retired 2026-05-12',
  sandbox: 'docs/reference/sandbox.md: invented prices',
}

/** Sold today, and a plain square picture: these also make the table of true prices. */
const current = {
  ideogram: `
    ideogram:ideogram/ideogram-4.5 | low | 0.03
    ideogram:ideogram/ideogram-4.5 | medium | 0.06
    ideogram:ideogram/ideogram-4.5 | high | 0.10
    ideogram:ideogram/ideogram-4 | low | 0.03
    ideogram:ideogram/ideogram-4 | medium | 0.06
    ideogram:ideogram/ideogram-4 | high | 0.1
    ideogram:ideogram/ideogram-3 | low | 0.03
    ideogram:ideogram/ideogram-3 | medium | 0.06
    ideogram:ideogram/ideogram-3 | high | 0.09
    ideogram:ideogram/ideogram-3-character | low | 0.1
    ideogram:ideogram/ideogram-3-character | medium | 0.15
    ideogram:ideogram/ideogram-3-character | high | 0.2`,
  ideogramOld: `
    ideogram:ideogram/ideogram-2.0 | | 0.08
    ideogram:ideogram/ideogram-2.0-turbo | | 0.05
    ideogram:ideogram/ideogram-2a | | 0.04
    ideogram:ideogram/ideogram-2a-turbo | | 0.025
    ideogram:ideogram/ideogram-1.0 | | 0.06
    ideogram:ideogram/ideogram-1.0-turbo | | 0.02
    ideogram:ideogram/ideogram-3-transparent | low | 0.04
    ideogram:ideogram/ideogram-3-transparent | medium | 0.07
    ideogram:ideogram/ideogram-3-transparent | high | 0.1`,
  bfl: `
    black-forest-labs:black-forest-labs/flux.2-pro | | 3 | 0.01
    black-forest-labs:black-forest-labs/flux.2-max | | 7 | 0.01
    black-forest-labs:black-forest-labs/flux.2-flex | | 5 | 0.01
    black-forest-labs:black-forest-labs/flux.2-klein-9b | | 1.5 | 0.01
    black-forest-labs:black-forest-labs/flux.2-klein-4b | | 1.4 | 0.01
    black-forest-labs:black-forest-labs/flux.1.1-pro | | 4 | 0.01`,
  bflMaps: `
    black-forest-labs:black-forest-labs/flux.1.1-pro-ultra | | 6 | 0.01
    black-forest-labs:black-forest-labs/flux.1-kontext-pro | | 4 | 0.01
    black-forest-labs:black-forest-labs/flux.1-kontext-max | | 8 | 0.01
    black-forest-labs:black-forest-labs/flux.1-dev | | 2.5 | 0.01`,
  recraft: `
    recraft:recraft/recraft-v4.1-pro | | 210 | 0.001
    recraft:recraft/recraft-v4.1-utility-pro | | 210 | 0.001
    recraft:recraft/recraft-v4.1 | | 35 | 0.001
    recraft:recraft/recraft-v4.1-utility | | 35 | 0.001
    recraft:recraft/recraft-v4.1-flash | | 7 | 0.001
    recraft:recraft/recraft-v4 | | 40 | 0.001
    recraft:recraft/recraft-v4-pro | | 250 | 0.001
    recraft:recraft/recraft-v3 | | 40 | 0.001
    recraft:recraft/recraft-v2 | | 22 | 0.001`,
  stability: `
    stability:stability-ai/stable-image-ultra | | 8 | 0.01
    stability:stability-ai/stable-image-core | | 3 | 0.01
    stability:stability-ai/stable-diffusion-3.5-large | | 6.5 | 0.01
    stability:stability-ai/stable-diffusion-3.5-large-turbo | | 4 | 0.01
    stability:stability-ai/stable-diffusion-3.5-medium | | 3.5 | 0.01`,
  luma: 'luma:luma/uni-1 | | 0.0404',
  xai: `
    xai:xai/grok-imagine-image | | 0.02
    xai:xai/grok-imagine-image-quality | | 0.05`,
  byteplus: `
    byteplus:bytedance/seedream-5.0-pro | | 0.045
    byteplus:bytedance/seedream-5.0-lite | | 0.035
    byteplus:bytedance/seedream-4.5 | | 0.04
    byteplus:bytedance/seedream-4.0 | | 0.03`,
  byteplusOld: 'byteplus:bytedance/seedream-3.0 | | 0.03',
  dashscope: `
    dashscope:alibaba/qwen-image-plus@cn-beijing | | 0.20 | 0.15
    dashscope:alibaba/qwen-image-max@cn-beijing | | 0.50 | 0.15
    dashscope:alibaba/qwen-image-2.0@cn-beijing | | 0.20 | 0.15
    dashscope:alibaba/qwen-image-2.0-pro@cn-beijing | | 0.50 | 0.15`,
  dashscopeAbroad: `
    dashscope:alibaba/qwen-image-2.0@ap-southeast-1 | | 0.035
    dashscope:alibaba/qwen-image-2.0-pro@ap-southeast-1 | | 0.075`,
  fal: `
    fal:black-forest-labs/flux.1.1-pro-ultra | | 0.06
    fal:black-forest-labs/flux.1-kontext-pro | | 0.04
    fal:hidream/hidream-i1-full | | 0.05
    fal:hidream/hidream-i1-fast | | 0.01
    fal:recraft/recraft-v3 | | 0.04
    fal:bytedance/seedream-4.0 | | 0.03
    fal:ideogram/ideogram-2.0 | | 0.08
    fal:ideogram/ideogram-2.0-turbo | | 0.05
    fal:google/gemini-2.5-flash-image | | 0.039
    fal:ideogram/ideogram-3 | medium | 0.06`,
  together: `
    together:black-forest-labs/flux.2-pro | | 0.03
    together:black-forest-labs/flux.2-flex | | 0.03
    together:black-forest-labs/flux.2-dev | | 0.0154
    together:alibaba/wan-2.6-image | | 0.03
    together:openai/gpt-image-1.5 | | 0.034
    together:google/gemini-2.5-flash-image | | 0.039
    together:google/gemini-3.1-flash-image | | 0.067
    together:google/gemini-3-pro-image | | 0.134`,
  replicate: `
    replicate:black-forest-labs/flux.1-schnell | | 0.003
    replicate:black-forest-labs/flux.1.1-pro | | 0.04
    replicate:leonardo/lucid-origin | medium | 0.0165
    replicate:leonardo/lucid-origin | high | 0.0765
    replicate:leonardo/phoenix-1.0 | low | 0.018
    replicate:leonardo/phoenix-1.0 | medium | 0.0375
    replicate:leonardo/phoenix-1.0 | high | 0.075`,
  azure: `
    azure-openai:black-forest-labs/flux.2-pro | | 0.04
    azure-openai:black-forest-labs/flux.1.1-pro | | 0.04
    azure-openai:black-forest-labs/flux.1-kontext-pro | | 0.04`,
  bedrock: `
    bedrock:stability-ai/stable-image-ultra | | 0.14
    bedrock:stability-ai/stable-image-core | | 0.04
    bedrock:stability-ai/stable-diffusion-3.5-large | | 0.08`,
  deepinfra: 'deepinfra:black-forest-labs/flux.2-max | | 0.07',
  runware: 'runware:alibaba/z-image-turbo | | 0.0032',
  router: `
    runware:black-forest-labs/flux.2-pro | | 0.03
    runware:black-forest-labs/flux.2-flex | | 0.06
    runware:black-forest-labs/flux.2-max | | 0.07
    runware:black-forest-labs/flux.2-dev | | 0.009
    runware:black-forest-labs/flux.2-klein-4b | | 0.0006
    runware:black-forest-labs/flux.2-klein-9b | | 0.0008
    runware:black-forest-labs/flux.1-krea-dev | | 0.0098
    runware:black-forest-labs/flux.1-kontext-dev | | 0.0105
    runware:black-forest-labs/flux.1-schnell | | 0.0013
    runware:black-forest-labs/flux.1-dev | | 0.0038
    runware:black-forest-labs/flux.2-dev-turbo | | 0.0019
    runware:bytedance/seedream-4.5 | | 0.04
    runware:bytedance/seedream-4.0 | | 0.03
    runware:bytedance/seedream-3.0 | | 0.03
    runware:google/gemini-2.5-flash-image | | 0.039
    runware:google/gemini-3-pro-image | | 0.138
    runware:bria/fibo | | 0.04
    runware:imagineart/imagineart-1.5 | | 0.03
    runware:imagineart/imagineart-1.5-pro | | 0.045
    runware:sourceful/riverflow-1 | | 0.066
    runware:sourceful/riverflow-1-mini | | 0.05
    runware:xai/grok-imagine-image | | 0.02
    runware:alibaba/qwen-image | | 0.007
    runware:alibaba/qwen-image-2512 | | 0.0064
    runware:hidream/hidream-i1-full | | 0.009
    runware:hidream/hidream-i1-dev | | 0.0045
    runware:hidream/hidream-i1-fast | | 0.002
    runware:pruna/p-image | | 0.0044
    runware:rundiffusion/juggernaut-pro-flux | | 0.005
    runware:rundiffusion/juggernaut-lightning-flux | | 0.0017
    runware:stability-ai/stable-diffusion-xl | | 0.0019
    deepinfra:bria/bria-3.2 | | 0.04
    deepinfra:stability-ai/sdxl-turbo | | 0.0002
    deepinfra:black-forest-labs/flux.1-pro | | 0.05
    fal:bytedance/dreamina-3.1 | | 0.03
    fal:aidc-ai/ovis-image | | 0.012
    fal:bytedance/seedream-3.0 | | 0.03
    replicate:luma/photon | | 0.03
    replicate:luma/photon-flash | | 0.01
    replicate:minimax/image-01 | | 0.01
    replicate:tencent/hunyuan-image-3 | | 0.08
    replicate:ideogram/ideogram-2a-turbo | | 0.025
    replicate:ideogram/ideogram-3 | medium | 0.06
    replicate:ideogram/ideogram-3 | high | 0.09
    xai:xai/grok-2-image | | 0.07`,
  fireworks: `
    fireworks:black-forest-labs/flux.1-kontext-pro | | 0.04
    fireworks:black-forest-labs/flux.1-kontext-max | | 0.08`,
}

/** Retired, other sizes, other operations, several pictures. */
const more = {
  openai: `
    openai:openai/dall-e-3 | standard 1024x1024 at=2026-01-01 | 0.04
    openai:openai/dall-e-3 | standard 1024x1792 at=2026-01-01 | 0.08
    openai:openai/dall-e-3 | standard 1792x1024 at=2026-01-01 | 0.08
    openai:openai/dall-e-3 | hd 1024x1024 at=2026-01-01 | 0.08
    openai:openai/dall-e-3 | hd 1792x1024 at=2026-01-01 | 0.12
    openai:openai/dall-e-2 | standard 1024x1024 n=10 at=2026-01-01 | 0.02
    openai:openai/dall-e-2 | standard 512x512 n=3 at=2026-01-01 | 0.018
    openai:openai/dall-e-2 | standard 256x256 at=2026-01-01 | 0.016`,
  stability: `
    stability:stability-ai/upscale-fast | upscale | 2 | 0.01
    stability:stability-ai/upscale-conservative | upscale | 40 | 0.01
    stability:stability-ai/upscale-creative | upscale | 60 | 0.01
    stability:stability-ai/outpaint | edit | 4 | 0.01`,
  recraft: `
    recraft:recraft/creative-upscale | upscale | 250 | 0.001
    recraft:recraft/crisp-upscale | upscale | 4 | 0.001
    recraft:recraft/remove-background | remove_background | 10 | 0.001
    recraft:recraft/recraft-v2-vector | n=6 | 44 | 0.001`,
  ideogram: `
    ideogram:ideogram/remove-background | remove_background | 0.01
    ideogram:ideogram/ideogram-4.5-precise-edit | edit high | 0.22
    ideogram:ideogram/ideogram-4.5 | medium n=8 | 0.06`,
  xai: `
    xai:xai/grok-imagine-image-quality | 2048x1408 | 0.07
    xai:xai/grok-imagine-image | 2048x1408 n=4 | 0.02`,
  byteplus: `
    byteplus:bytedance/seedream-5.0-pro | 1616x1616 | 0.09
    byteplus:bytedance/seedream-5.0-pro | 1600x1600 | 0.045
    byteplus:bytedance/seedream-5.0-pro | 2048x2048 n=2 | 0.09`,
  together: `
    together:google/gemini-3.1-flash-image | 512x512 at=2026-08-21 | 0.045
    together:google/gemini-3.1-flash-image | 2048x2048 | 0.101
    together:google/gemini-3.1-flash-image | 4096x4096 | 0.151
    together:google/gemini-3-pro-image | 4096x4096 n=2 | 0.24`,
  dashscope: 'dashscope:alibaba/qwen-image-max@cn-beijing | n=3 | 0.50 | 0.15',
  sandbox: `
    sandbox:sandbox/flat | low | 0.01
    sandbox:sandbox/flat | medium n=2 | 0.04
    sandbox:sandbox/flat | high | 0.12
    sandbox:sandbox/flat | low 1536x1024 | 0.01
    sandbox:sandbox/flat | low 1536x1032 | 0.02
    sandbox:sandbox/flat | high 2048x2048 n=4 | 0.24`,
}

const operations = new Set(['edit', 'upscale', 'remove_background'])

function caseOf(row, source, plain) {
  const [offer, words, price, unit = '1'] = row.split('|').map((cell) => cell.trim())
  const result = { name: '', offer, source, settings: { size: '1024x1024', n: 1 }, request: { operation: 'generate' } }
  for (const word of words.split(' ').filter(Boolean)) {
    if (/^\d+x\d+$/.test(word)) result.settings.size = word
    else if (word.startsWith('n=')) result.settings.n = Number(word.slice(2))
    else if (word.startsWith('at=')) result.at = word.slice(3)
    else if (operations.has(word)) result.request = { operation: word, inputs: ['1024x1024'] }
    else result.settings.quality = word
  }
  result.name = `${offer} ${words || 'plain'}`
  return { ...result, ...(plain && { plain }), lines: [[result.settings.n, price, '1', unit]] }
}

const rows = (table, plain) =>
  Object.entries(table).flatMap(([key, text]) =>
    text
      .split('\n')
      .filter((row) => row.includes('|'))
      .map((row) => caseOf(row, sources[key], plain)),
  )

export const perImage = [...rows(current, true), ...rows(more, false)]
