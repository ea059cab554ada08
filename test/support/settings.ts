/** A dashboard whose gateway has budgets, keys, projects and routes, some of them from its file, and requests that used them. */
import { type Dashboard, openDashboard } from './dashboard.ts'

/** A name as somebody would choose it who wants to be code. */
export const HOSTILE = '=1+1<img src=x onerror="document.title=1">'

const config = `
sandbox: { latencyScale: 0.02 }
projects: { filed: { name: Of the file } }
budgets:
  - { id: file-cap, scope: project, scopeValue: filed, period: month, limitUsd: 500 }
routes:
  filed-route: { models: [sandbox/flat], maxCostUsd: 0.5 }
  trial: { mode: observe, observes: sandbox/mega, fraction: 0, models: [sandbox/flat] }
limits: { perKey: { requestsPerMinute: 6000 } }
`

interface Made {
  readonly id: string
  readonly secret: string
}

export interface Settings {
  readonly dashboard: Dashboard
  /** One request; the answer must be 2xx unless `status` says otherwise. */
  makeImage(model: string, headers?: Record<string, string>, status?: number): Promise<unknown>
  /** Save a route over the version that stands. */
  putRoute(name: string, document: object, version: number): Promise<unknown>
}

export async function openSettings(): Promise<Settings> {
  const dashboard = await openDashboard(config)
  const makeImage: Settings['makeImage'] = (model, headers = {}, status) =>
    dashboard.api(
      'POST',
      '/v1/images/generations',
      { model, prompt: 'a red fox', size: '256x256', response_format: 'url' },
      { headers, ...(status !== undefined && { status }) },
    )
  const putRoute: Settings['putRoute'] = (name, document, version) =>
    dashboard.api('PUT', `/v1/halftone/routes/${name}`, { document, version })
  const settings = { dashboard, makeImage, putRoute }
  try {
    await fill(settings)
  } catch (error) {
    await dashboard.close()
    throw error
  }
  return settings
}

async function fill({ dashboard, makeImage, putRoute }: Settings): Promise<void> {
  const { secret } = await dashboard.api<Made>('POST', '/v1/halftone/keys', { name: 'web-shop', max_usd_per_day: '0.5' })
  await dashboard.api('PUT', '/v1/halftone/budgets/gateway-month', { scope: 'global', period: 'month', limit_usd: '1' })
  await dashboard.api('PUT', '/v1/halftone/budgets/summer', {
    scope: 'tag',
    scope_value: 'campaign=summer',
    period: 'total',
    limit_usd: '0.03',
    hard: false,
  })
  await dashboard.api('PUT', '/v1/halftone/projects/hostile', { name: HOSTILE, tags: { note: HOSTILE } })
  for (let round = 0; round < 6; round += 1) {
    await makeImage(round % 2 ? 'sandbox/flat' : 'sandbox/mega', {
      authorization: `Bearer ${secret}`,
      'x-halftone-tags': 'campaign=summer',
    })
  }
  await makeImage('filed-route')
  await putRoute('thumbs', { models: ['sandbox/mega'] }, 0)
  await putRoute('thumbs', { models: ['sandbox/mega', 'sandbox/flat'], maxCostUsd: '0.5' }, 1)
  await makeImage('thumbs')
}
