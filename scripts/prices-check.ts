// `npm run prices:check`: reads prices/ and holds it to the rules of src/core/pricing/lint.ts. Errors fail it; warnings are
// printed. Another folder may be named as the first argument. src/core/pricing/lint.test.ts plants an error for each rule.
import { readdirSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type LintInput, type LintReport, lintPrices } from '../src/core/pricing/lint.ts'
import { providers } from '../src/providers/index.ts'
import { sandboxOffers } from '../src/providers/sandbox/models.ts'

/** Hosts whose pages, specifications and SDKs count as the provider's own word. */
export const ownHosts: LintInput['ownHosts'] = {
  openai: ['openai.com', 'github.com/openai'],
  'azure-openai': ['microsoft.com', 'azure.com', 'github.com/azure', 'github.com/microsoftdocs'],
  'azure-foundry': ['microsoft.com', 'azure.com', 'github.com/azure', 'github.com/microsoftdocs'],
  google: ['google.dev', 'google.com', 'googleblog.com', 'googleapis.com', 'github.com/googleapis', 'github.com/google-gemini'],
  'google-vertex': ['google.com', 'googleblog.com', 'googleapis.com', 'github.com/googleapis', 'github.com/googlecloudplatform'],
  anthropic: ['anthropic.com', 'claude.com', 'github.com/anthropics'],
  xai: ['x.ai', 'github.com/xai-org'],
  stability: ['stability.ai', 'github.com/stability-ai'],
  'black-forest-labs': ['bfl.ai', 'bfl.ml', 'blackforestlabs.ai', 'github.com/black-forest-labs'],
  ideogram: ['ideogram.ai'],
  recraft: ['recraft.ai', 'github.com/recraft-ai'],
  luma: ['lumalabs.ai', 'github.com/lumalabs'],
  minimax: ['minimax.io', 'minimaxi.com', 'github.com/minimax-ai'],
  byteplus: ['byteplus.com', 'volcengine.com'],
  volcengine: ['volcengine.com'],
  dashscope: ['alibabacloud.com', 'aliyun.com', 'github.com/aliyun'],
  bedrock: ['amazon.com', 'amazonaws.com', 'github.com/awsdocs', 'github.com/aws'],
  'aws-bedrock': ['amazon.com', 'amazonaws.com', 'github.com/awsdocs', 'github.com/aws'],
  fal: ['fal.ai', 'github.com/fal-ai'],
  replicate: ['replicate.com', 'github.com/replicate'],
  together: ['together.ai', 'together.xyz', 'github.com/togethercomputer'],
  fireworks: ['fireworks.ai', 'github.com/fw-ai'],
  deepinfra: ['deepinfra.com'],
  cloudflare: ['cloudflare.com', 'github.com/cloudflare'],
  'cloudflare-workers-ai': ['cloudflare.com', 'github.com/cloudflare'],
  runware: ['runware.ai', 'github.com/runware'],
  prodia: ['prodia.com', 'github.com/prodia'],
  openrouter: ['openrouter.ai', 'github.com/openrouterteam'],
  novita: ['novita.ai', 'github.com/novitalabs'],
  siliconflow: ['siliconflow.com', 'siliconflow.cn', 'github.com/siliconflow'],
  nebius: ['nebius.com', 'github.com/nebius'],
  hyperbolic: ['hyperbolic.ai', 'hyperbolic.xyz'],
  segmind: ['segmind.com'],
  leonardo: ['leonardo.ai'],
  freepik: ['freepik.com', 'magnific.com'],
  magnific: ['magnific.com', 'freepik.com'],
  bria: ['bria.ai', 'github.com/bria-ai'],
  adobe: ['adobe.com', 'adobe.io', 'github.com/adobedocs'],
  'adobe-firefly': ['adobe.com', 'adobe.io', 'github.com/adobedocs'],
  kling: ['klingai.com', 'kuaishou.com'],
  krea: ['krea.ai'],
  reve: ['reve.com', 'reve.art'],
  runway: ['runwayml.com', 'github.com/runwayml'],
  tencent: ['tencentcloud.com', 'tencent.com', 'github.com/tencent'],
  nvidia: ['nvidia.com', 'github.com/nvidia'],
  huggingface: ['huggingface.co', 'github.com/huggingface'],
  baseten: ['baseten.co', 'github.com/basetenlabs'],
  modal: ['modal.com', 'github.com/modal-labs'],
  runpod: ['runpod.io', 'github.com/runpod'],
  photoroom: ['photoroom.com'],
  clipdrop: ['clipdrop.co'],
  'remove-bg': ['remove.bg'],
  topaz: ['topazlabs.com'],
  getimg: ['getimg.ai'],
  aimlapi: ['aimlapi.com'],
  zhipu: ['z.ai', 'bigmodel.cn', 'github.com/zai-org'],
  zai: ['z.ai', 'bigmodel.cn', 'github.com/zai-org'],
  midjourney: ['midjourney.com'],
  piapi: ['piapi.ai'],
  'vercel-gateway': ['vercel.com', 'ai-sdk.dev', 'github.com/vercel'],
}

/** Looked into on 2026-11-22: Runware's few-step prices are as low as they seem, in an aggregator's file of 2026-02-11. */
const knownSpreads = {
  'black-forest-labs/flux.2-klein-9b': { upTo: 10, reason: 'Runware $0.0008, fal $0.006' },
  'hidream/hidream-i1-full': { upTo: 8, reason: 'Runware $0.009, fal $0.05' },
  'hidream/hidream-i1-fast': { upTo: 8, reason: 'Runware $0.002, fal $0.01' },
} satisfies LintInput['knownSpreads']

/** Everything the lint looks at, out of a folder of price files. */
export function readLintInput(folder: URL, today: string): LintInput {
  const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
  const others = new Set(['fx.json', 'quality.json', 'schema.json'])
  const names = readdirSync(folder).filter((name) => name.endsWith('.json') && !others.has(name))
  return {
    files: names.sort().map((name) => ({ name, json: read(name) })),
    fx: read('fx.json'),
    offers: [
      ...Object.values(providers).flatMap((provider) => provider.offers({ name: provider.id, type: provider.id })),
      ...sandboxOffers('sandbox'),
    ],
    ownHosts,
    knownSpreads,
    today,
    uncounted: ['sandbox'],
    atLeast: { rates: 400, providers: 28, groups: 30 },
  }
}

export function describeReport(report: LintReport): string {
  const share = (count: number): string => `${count} (${report.rates === 0 ? 0 : Math.round((count * 100) / report.rates)} %)`
  const confidence = Object.entries(report.byConfidence).map(([kind, count]) => `${kind} ${share(count)}`)
  const count = (severity: string): number => report.findings.filter((finding) => finding.severity === severity).length
  return [
    ...report.findings.map(({ severity, rule, place, message }) => `${severity} [${rule}] ${place}: ${message}`),
    `${report.rates} dated rates of ${report.providers} providers: ${confidence.join(', ')}`,
    `${report.groupsCompared} weights compared between providers`,
    `${report.candidatesChecked} settings of ${report.offersChecked} offers priced, ${report.candidatesUnpriced} of them declared unpriced`,
    `${count('error')} errors, ${count('warning')} warnings`,
  ].join('\n')
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , folder] = process.argv
  const prices = folder === undefined ? new URL('../prices/', import.meta.url) : pathToFileURL(`${folder}/`)
  const report = lintPrices(readLintInput(prices, new Date().toISOString().slice(0, 10)))
  console.log(describeReport(report))
  process.exitCode = report.findings.some(({ severity }) => severity === 'error') ? 1 : 0
}
