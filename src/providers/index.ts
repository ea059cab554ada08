/** The registry: one line per provider file. */
import type { Provider } from '../ports/provider.ts'
import { anthropic } from './anthropic.ts'
import { automatic1111 } from './automatic1111.ts'
import { azureOpenai } from './azure-openai.ts'
import { bedrock } from './bedrock.ts'
import { blackForestLabs } from './black-forest-labs.ts'
import { byteplus } from './byteplus.ts'
import { cloudflare } from './cloudflare.ts'
import { comfyui } from './comfyui.ts'
import { dashscope } from './dashscope.ts'
import { deepinfra } from './deepinfra.ts'
import { type BaseUrlFacts, ownBaseUrl, type ProviderDefinition } from './define-provider.ts'
import { createCodecProvider, type ProviderDeps } from './engine.ts'
import { fal } from './fal.ts'
import { fireworks } from './fireworks.ts'
import { google } from './google.ts'
import { googleVertex } from './google-vertex.ts'
import { ideogram } from './ideogram.ts'
import { invokeai } from './invokeai.ts'
import { leonardo } from './leonardo.ts'
import { litellm } from './litellm.ts'
import { localai } from './localai.ts'
import { luma } from './luma.ts'
import { openai } from './openai.ts'
import { openaiCompatible } from './openai-compatible.ts'
import { openrouter } from './openrouter.ts'
import { portkey } from './portkey.ts'
import { prodia } from './prodia.ts'
import type { ProviderConfig } from './provider-config.ts'
import { recraft } from './recraft.ts'
import { replicate } from './replicate.ts'
import { runware } from './runware.ts'
import { sglangDiffusion } from './sglang-diffusion.ts'
import { stability } from './stability.ts'
import { stableDiffusionCpp } from './stable-diffusion-cpp.ts'
import { together } from './together.ts'
import { tokenmix } from './tokenmix.ts'
import { vercelGateway } from './vercel-gateway.ts'
import { vllmOmni } from './vllm-omni.ts'
import { xai } from './xai.ts'

export type { ProviderDeps } from './engine.ts'

export const providers = {
  anthropic,
  automatic1111,
  'azure-openai': azureOpenai,
  bedrock,
  'black-forest-labs': blackForestLabs,
  comfyui,
  byteplus,
  cloudflare,
  dashscope,
  deepinfra,
  fal,
  fireworks,
  google,
  'google-vertex': googleVertex,
  ideogram,
  leonardo,
  litellm,
  localai,
  invokeai,
  luma,
  openai,
  'openai-compatible': openaiCompatible,
  openrouter,
  portkey,
  prodia,
  recraft,
  replicate,
  runware,
  stability,
  together,
  tokenmix,
  'sglang-diffusion': sglangDiffusion,
  'stable-diffusion-cpp': stableDiffusionCpp,
  'vercel-gateway': vercelGateway,
  'vllm-omni': vllmOmni,
  xai,
} as const satisfies Record<string, ProviderDefinition>

export type ProviderType = keyof typeof providers

/** Codec ids, for checking the configuration. */
export const providerTypes: readonly string[] = Object.keys(providers)

export const isProviderType = (type: string): type is ProviderType => Object.hasOwn(providers, type)

/** Where an account's calls go: as configured, else the codec's own; undefined where only the configuration could tell. */
export const baseUrlOf = (config: Pick<ProviderConfig, 'type' | 'baseUrl' | keyof BaseUrlFacts>): string | undefined =>
  config.baseUrl ?? (isProviderType(config.type) ? ownBaseUrl(providers[config.type], config) : undefined)

/**
 * A configured account, ready to use; nothing is connected yet. The sandbox is not an HTTP provider and is made by the
 * composition root itself. Throws for a type that is not registered, which the configuration has ruled out.
 */
export function createProvider(config: ProviderConfig, deps: ProviderDeps): Provider {
  if (!isProviderType(config.type)) throw new Error(`providers.${config.name}: there is no provider type "${config.type}".`)
  return createCodecProvider(providers[config.type], config, deps)
}
