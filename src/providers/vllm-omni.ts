/** vLLM-Omni: one diffusion model per server, by the Images API with the names of its pipelines. */
import { compatibleServer } from './openai-dialect/compatible.ts'

export const vllmOmni = compatibleServer({
  id: 'vllm-omni',
  listsItsModels: true,
  capabilities: { maxN: 10 },
  facts: {
    refusals: 'It refuses nothing.',
    documentation: 'https://docs.vllm.ai/projects/vllm-omni/en/latest/serving/image_generation_api/',
  },
})
