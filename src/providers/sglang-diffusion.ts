/** SGLang-Diffusion: one model per server, by the Images API; tells how long each picture took. */
import { compatibleServer } from './openai-dialect/compatible.ts'

export const sglangDiffusion = compatibleServer({
  id: 'sglang-diffusion',
  listsItsModels: true,
  // Its own default is the seed 1024, every time.
  needsSeed: true,
  capabilities: { maxN: 10, formats: ['png', 'jpeg', 'webp'] },
  // Files on the server, other sizes, and what the pipeline is called with.
  reserved: [
    ...['output_path', 'perf_dump_path', 'upscaling_model_path', 'enable_upscaling', 'upscaling_scale', 'width', 'height'],
    ...['diffusers_kwargs', 'reference_url', 'url', 'num_frames'],
  ],
  facts: {
    reportsCost: '`inference_time_s` of the answer: seconds of GPU time, not money.',
    refusals: 'It refuses nothing.',
    documentation: 'https://docs.sglang.ai/diffusion/api/openai_api.html',
  },
})
