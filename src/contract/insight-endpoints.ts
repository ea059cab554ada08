/** Questions about the past, and what is kept to ask them again. */
import { deleted } from './admin.ts'
import { listOf } from './common.ts'
import type { Endpoint } from './endpoints.ts'
import * as insight from './insight.ts'

export const insightEndpoints = {
  insightOverview: {
    method: 'GET',
    path: '/v1/halftone/insight/overview',
    access: 'insight.all',
    summary: 'Spend, forecast, cost per image, waste, savings, success, latency, and why the bill changed.',
    query: insight.overviewQuery,
    response: insight.insightOverview,
  },
  insightExplore: {
    method: 'POST',
    path: '/v1/halftone/insight/explore',
    access: 'insight.read',
    summary: 'Group by any two dimensions and time, filter, sort; JSON, or CSV with `accept: text/csv`.',
    body: insight.exploreRequest,
    response: insight.exploreResponse,
  },
  insightModels: {
    method: 'GET',
    path: '/v1/halftone/insight/models',
    access: 'insight.all',
    summary: 'Every offer on your own traffic: cost, latency, refusals, acceptance, health, list price, quality.',
    query: insight.modelsQuery,
    response: insight.insightModels,
  },
  listViews: {
    method: 'GET',
    path: '/v1/halftone/views',
    access: 'insight.all',
    summary: 'Saved views.',
    response: listOf(insight.viewObject),
  },
  putView: {
    method: 'PUT',
    path: '/v1/halftone/views/{id}',
    access: 'views.write',
    summary: 'Save or change a view; every version is kept.',
    body: insight.putViewRequest,
    response: insight.viewObject,
  },
  deleteView: {
    method: 'DELETE',
    path: '/v1/halftone/views/{id}',
    access: 'views.write',
    summary: 'Delete a view; its versions stay in the record of changes.',
    response: deleted,
  },
  listTagRules: {
    method: 'GET',
    path: '/v1/halftone/tag-rules',
    access: 'insight.all',
    summary: 'Rules that label history when it is read, in the order they are applied.',
    response: listOf(insight.tagRuleObject),
  },
  putTagRule: {
    method: 'PUT',
    path: '/v1/halftone/tag-rules/{id}',
    access: 'views.write',
    summary: 'Save or change a tag rule; no charge is touched.',
    body: insight.putTagRuleRequest,
    response: insight.tagRuleObject,
  },
  deleteTagRule: {
    method: 'DELETE',
    path: '/v1/halftone/tag-rules/{id}',
    access: 'views.write',
    summary: 'Delete a tag rule; history reads as it was tagged again.',
    response: deleted,
  },
} as const satisfies Record<string, Endpoint>
