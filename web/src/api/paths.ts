/**
 * The endpoints the dashboard calls, by the names of the contract's table. Types alone come from the contract, so neither
 * zod nor the schemas are in the bundle; a method or path that differs from the contract does not compile.
 */
import type { z } from 'zod'
import type { EndpointName, endpoints } from '../../../src/contract/endpoints.ts'

type Table = typeof endpoints

export const calls = {
  createImage: ['POST', '/v1/images/generations'],
  createFile: ['POST', '/v1/files'],
  deleteFile: ['DELETE', '/v1/files/{id}'],
  createBatch: ['POST', '/v1/batches'],
  listBatches: ['GET', '/v1/batches'],
  getBatch: ['GET', '/v1/batches/{id}'],
  cancelBatch: ['POST', '/v1/batches/{id}/cancel'],
  listBatchLines: ['GET', '/v1/halftone/batches/{id}/lines'],
  quoteBatch: ['POST', '/v1/halftone/batches/quote'],
  listModels: ['GET', '/v1/models'],
  quote: ['POST', '/v1/halftone/quote'],
  listRequests: ['GET', '/v1/halftone/requests'],
  getRequest: ['GET', '/v1/halftone/requests/{id}'],
  getReceipt: ['GET', '/v1/halftone/requests/{id}/receipt'],
  getLineage: ['GET', '/v1/halftone/requests/{id}/lineage'],
  listProjects: ['GET', '/v1/halftone/projects'],
  listKeys: ['GET', '/v1/halftone/keys'],
  explainRequest: ['GET', '/v1/halftone/requests/{id}/explain'],
  giveFeedback: ['POST', '/v1/halftone/feedback'],
  overview: ['GET', '/v1/halftone/overview'],
  insightOverview: ['GET', '/v1/halftone/insight/overview'],
  insightExplore: ['POST', '/v1/halftone/insight/explore'],
  listViews: ['GET', '/v1/halftone/views'],
  putView: ['PUT', '/v1/halftone/views/{id}'],
  deleteView: ['DELETE', '/v1/halftone/views/{id}'],
  listTagRules: ['GET', '/v1/halftone/tag-rules'],
  putTagRule: ['PUT', '/v1/halftone/tag-rules/{id}'],
  deleteTagRule: ['DELETE', '/v1/halftone/tag-rules/{id}'],
  createKey: ['POST', '/v1/halftone/keys'],
  revokeKey: ['DELETE', '/v1/halftone/keys/{id}'],
  putProject: ['PUT', '/v1/halftone/projects/{id}'],
  listBudgets: ['GET', '/v1/halftone/budgets'],
  putBudget: ['PUT', '/v1/halftone/budgets/{id}'],
  deleteBudget: ['DELETE', '/v1/halftone/budgets/{id}'],
  listLots: ['GET', '/v1/halftone/lots'],
  recordDraw: ['POST', '/v1/halftone/lots/draws'],
  listRoutes: ['GET', '/v1/halftone/routes'],
  getRoute: ['GET', '/v1/halftone/routes/{route}'],
  putRoute: ['PUT', '/v1/halftone/routes/{route}'],
  deleteRoute: ['DELETE', '/v1/halftone/routes/{route}'],
  listRouteVersions: ['GET', '/v1/halftone/routes/{route}/versions'],
  rollbackRoute: ['POST', '/v1/halftone/routes/{route}/rollback'],
  validateRoute: ['POST', '/v1/halftone/routes/{route}/validate'],
  routeCandidates: ['POST', '/v1/halftone/routes/{route}/candidates'],
  tryRoute: ['POST', '/v1/halftone/routes/{route}/dry-run'],
  observeRoute: ['GET', '/v1/halftone/routes/{route}/observation'],
  listAudit: ['GET', '/v1/halftone/audit'],
  insightModels: ['GET', '/v1/halftone/insight/models'],
  listPrices: ['GET', '/v1/halftone/prices'],
  priceHistory: ['GET', '/v1/halftone/prices/history'],
  listPriceSets: ['GET', '/v1/halftone/prices/sets'],
  changePrice: ['POST', '/v1/halftone/prices/changes'],
  rollbackPrices: ['POST', '/v1/halftone/prices/rollback'],
  listPriceDrafts: ['GET', '/v1/halftone/prices/drafts'],
  reviewPrices: ['POST', '/v1/halftone/prices/drafts'],
  acceptPriceDraft: ['POST', '/v1/halftone/prices/drafts/{id}/accept'],
  rejectPriceDraft: ['POST', '/v1/halftone/prices/drafts/{id}/reject'],
  rerate: ['POST', '/v1/halftone/prices/rerate'],
  listProviders: ['GET', '/v1/halftone/providers'],
  verifyProvider: ['POST', '/v1/halftone/providers/{name}/verify'],
  probeProviders: ['POST', '/v1/halftone/probe'],
  status: ['GET', '/v1/halftone/status'],
  getSession: ['GET', '/v1/halftone/session'],
  getSignInOptions: ['GET', '/v1/halftone/session/options'],
  signIn: ['POST', '/v1/halftone/session'],
  signOut: ['DELETE', '/v1/halftone/session'],
  listMonths: ['GET', '/v1/halftone/months'],
  checkMonth: ['GET', '/v1/halftone/months/{month}'],
  closeMonth: ['POST', '/v1/halftone/months/{month}/close'],
  listUnknown: ['GET', '/v1/halftone/attempts/unknown'],
  reconcileAttempt: ['POST', '/v1/halftone/attempts/{id}/reconcile'],
  getReport: ['GET', '/v1/halftone/report'],
  listImportFormats: ['GET', '/v1/halftone/imports/formats'],
  readImport: ['POST', '/v1/halftone/imports/files'],
  importSpend: ['POST', '/v1/halftone/imports'],
  listQuality: ['GET', '/v1/halftone/quality'],
  resetQuality: ['POST', '/v1/halftone/quality/reset'],
  deleteContent: ['POST', '/v1/halftone/deletions'],
  listAlertChannels: ['GET', '/v1/halftone/alerts/channels'],
  testAlertChannel: ['POST', '/v1/halftone/alerts/channels/{name}/test'],
  listSessions: ['GET', '/v1/halftone/sessions'],
  endSession: ['DELETE', '/v1/halftone/sessions/{id}'],
} as const satisfies { readonly [Name in EndpointName]?: readonly [Table[Name]['method'], Table[Name]['path']] }

export type CallName = keyof typeof calls

/** Streamed as a file: a link leads to it. */
export const focusPath = '/v1/halftone/exports/focus' satisfies Table['exportFocus']['path']

/** Bytes of a file: links lead to it too. */
export const filePath = '/v1/files/{id}/content' satisfies Table['getFileContent']['path']

export const eventsPath = '/v1/halftone/events' satisfies Table['watchRequests']['path']

/** What the endpoint answers, as the contract's schema has it. */
export type Answer<Name extends CallName> = Table[Name] extends { readonly response: infer Schema extends z.ZodType }
  ? z.output<Schema>
  : never

/** What a caller may send as the JSON body. */
export type Body<Name extends CallName> = Table[Name] extends { readonly body: infer Schema extends z.ZodType }
  ? z.input<Schema>
  : undefined
