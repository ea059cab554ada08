/** The gateway's configuration under test, and what the double charges: prices that no sum of others could imitate. */
import { shakyModels } from './schedule.ts'

/** Nano-USD per image by the model's name on the wire. */
export const pricePerImage: Readonly<Record<string, bigint>> = {
  steady: 41_000_000n,
  spare: 70_300_000n,
  single: 13_007_000n,
  ...Object.fromEntries(shakyModels.map((model, index) => [model, 30_000_000n + BigInt(index) * 1_100_000n])),
}

export const ADMIN_KEY = 'sk-admin-crash-suite-0123456789'

/** Longest wait for the double: a hang ends after it. */
export const PROVIDER_TIMEOUT_MS = 1_500

export function configurationYaml(doubleUrl: string): string {
  const models = [
    model('steady', 'operations: [generate, edit], maxN: 2, maxInputs: 2, maxPartialImages: 2'),
    model('spare', 'maxN: 2'),
    model('single', 'maxN: 1'),
    ...shakyModels.map((name) => model(name, 'maxN: 2')),
  ]
  const prices = Object.entries(pricePerImage).map(
    ([name, price]) => `      acme/${name}: { perImage: '${Number(price) / 1e9}' }`,
  )
  const routes = shakyModels.flatMap((name, index) => [
    `  careful-${index}: { models: [acme/${name}, acme/spare] }`,
    `  insistent-${index}: { models: [acme/${name}, acme/spare], payTwice: onUnknown }`,
  ])
  return `providers:
  double:
    type: openai-compatible
    baseUrl: ${doubleUrl}
    timeoutMs: ${PROVIDER_TIMEOUT_MS}
    models:
${models.join('\n')}
    prices:
${prices.join('\n')}
routes:
${routes.join('\n')}
budgets:
  - { id: everything, period: total, limitUsd: 1000000 }
  - { id: of-the-project, scope: project, scopeValue: default, period: month, limitUsd: 1000000, hard: false }
maxUsdPerDay: 1000000
sandbox: { enabled: always, latencyScale: 0.05 }
storage: { thumbnails: 'off' }
server: { drainSeconds: 20 }
log: { level: info }
declaredTags: [crash]
`
}

const model = (name: string, capabilities: string): string =>
  `      - { id: ${name}, model: acme/${name}, defaultSize: 64x64, ${capabilities} }`
