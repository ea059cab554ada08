/** The shipped price book as one module: `loadPriceBook` of `halftone/pricing` takes it whole. */
import anthropic from './anthropic.json' with { type: 'json' }
import azureOpenai from './azure-openai.json' with { type: 'json' }
import bedrock from './bedrock.json' with { type: 'json' }
import blackForestLabs from './black-forest-labs.json' with { type: 'json' }
import byteplus from './byteplus.json' with { type: 'json' }
import cloudflare from './cloudflare.json' with { type: 'json' }
import dashscope from './dashscope.json' with { type: 'json' }
import deepinfra from './deepinfra.json' with { type: 'json' }
import fal from './fal.json' with { type: 'json' }
import fireworks from './fireworks.json' with { type: 'json' }
import google from './google.json' with { type: 'json' }
import googleVertex from './google-vertex.json' with { type: 'json' }
import ideogram from './ideogram.json' with { type: 'json' }
import leonardo from './leonardo.json' with { type: 'json' }
import litellm from './litellm.json' with { type: 'json' }
import luma from './luma.json' with { type: 'json' }
import midjourney from './midjourney.json' with { type: 'json' }
import minimax from './minimax.json' with { type: 'json' }
import openai from './openai.json' with { type: 'json' }
import openrouter from './openrouter.json' with { type: 'json' }
import piapi from './piapi.json' with { type: 'json' }
import portkey from './portkey.json' with { type: 'json' }
import prodia from './prodia.json' with { type: 'json' }
import recraft from './recraft.json' with { type: 'json' }
import replicate from './replicate.json' with { type: 'json' }
import runpod from './runpod.json' with { type: 'json' }
import runware from './runware.json' with { type: 'json' }
import stability from './stability.json' with { type: 'json' }
import together from './together.json' with { type: 'json' }
import tokenmix from './tokenmix.json' with { type: 'json' }
import vercelGateway from './vercel-gateway.json' with { type: 'json' }
import xai from './xai.json' with { type: 'json' }

export { default as fx } from './fx.json' with { type: 'json' }

/** One book per provider; the sandbox, whose money is play money, is left out. */
export const books = [
  anthropic,
  azureOpenai,
  bedrock,
  blackForestLabs,
  byteplus,
  cloudflare,
  dashscope,
  deepinfra,
  fal,
  fireworks,
  googleVertex,
  google,
  ideogram,
  leonardo,
  litellm,
  luma,
  midjourney,
  minimax,
  openai,
  openrouter,
  piapi,
  portkey,
  prodia,
  recraft,
  replicate,
  runpod,
  runware,
  stability,
  together,
  tokenmix,
  vercelGateway,
  xai,
]
