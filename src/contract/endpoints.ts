/** The HTTP surface as one table: it feeds the router, the OpenAPI document, the reference and the tests. */
import { z } from 'zod'
import type { Permission } from '../core/access/roles.ts'
import { accessEndpoints } from './access-endpoints.ts'
import * as admin from './admin.ts'
import { alertsEndpoints } from './alerts-endpoints.ts'
import { batchEndpoints } from './batch-endpoints.ts'
import { listOf } from './common.ts'
import { deletionEndpoints } from './deletions.ts'
import { exportEndpoints } from './export-endpoints.ts'
import { acceptance, feedbackRequest, feedbackResponse } from './feedback.ts'
import {
  editRequest,
  generationRequest,
  imagesResponse,
  removeBackgroundRequest,
  upscaleRequest,
  variationRequest,
} from './images.ts'
import { importEndpoints } from './import-endpoints.ts'
import { insightEndpoints } from './insight-endpoints.ts'
import * as lots from './lots.ts'
import { monthEndpoints } from './months.ts'
import { observationQuery, observationReport } from './observe.ts'
import * as prices from './prices.ts'
import { providerEndpoints } from './provider-endpoints.ts'
import { qualityEndpoints } from './quality-endpoints.ts'
import { quoteRequest, quoteResponse } from './quote.ts'
import { reconcileEndpoints } from './reconcile-endpoints.ts'
import * as records from './records.ts'
import { reportEndpoints } from './report.ts'
import { lineageEndpoints, requestListQuery } from './requests.ts'
import { routeEndpoints } from './route-endpoints.ts'

/** `none`: public; `inference`: any valid key or session; `admin`: that role alone; else whoever has the permission. */
export type Access = 'none' | 'inference' | 'admin' | Permission

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** OpenAPI path, `{name}` for parameters. */
  readonly path: string
  readonly access: Access
  readonly summary: string
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** The body is also (or only) accepted as multipart/form-data. */
  readonly multipart?: boolean
  /** Of a JSON body; 1 MiB without it. */
  readonly maxBodyBytes?: number
  /** Absent: not JSON (metrics text, image bytes, server-sent events). */
  readonly response?: z.ZodType
  readonly mediaType?: string
}

export const endpoints = {
  createImage: {
    method: 'POST',
    path: '/v1/images/generations',
    access: 'images.make',
    summary: 'Make images from a prompt.',
    body: generationRequest,
    response: imagesResponse,
  },
  editImage: {
    method: 'POST',
    path: '/v1/images/edits',
    access: 'images.make',
    summary: 'Edit images, with an optional mask.',
    body: editRequest,
    multipart: true,
    response: imagesResponse,
  },
  createVariation: {
    method: 'POST',
    path: '/v1/images/variations',
    access: 'images.make',
    summary: 'Make variations of one image, on offers that can.',
    body: variationRequest,
    multipart: true,
    response: imagesResponse,
  },
  upscaleImage: {
    method: 'POST',
    path: '/v1/images/upscale',
    access: 'images.make',
    summary: 'Enlarge one image, on offers that can.',
    body: upscaleRequest,
    multipart: true,
    response: imagesResponse,
  },
  removeBackground: {
    method: 'POST',
    path: '/v1/images/remove-background',
    access: 'images.make',
    summary: 'Take the background out of one image, on offers that can.',
    body: removeBackgroundRequest,
    multipart: true,
    response: imagesResponse,
  },
  ...batchEndpoints,
  listModels: {
    method: 'GET',
    path: '/v1/models',
    access: 'models.read',
    summary: 'Routes, models and offers, with capabilities and price summary.',
    response: listOf(admin.modelObject),
  },
  getModel: {
    method: 'GET',
    path: '/v1/models/{id}',
    access: 'models.read',
    summary: 'One model; the id may contain slashes and colons.',
    response: admin.modelObject,
  },
  quote: {
    method: 'POST',
    path: '/v1/halftone/quote',
    access: 'images.make',
    summary: 'Price this exact request on every candidate, without running it.',
    body: quoteRequest,
    response: quoteResponse,
  },
  listRequests: {
    method: 'GET',
    path: '/v1/halftone/requests',
    access: 'requests.read',
    summary: "Requests, newest first: all, those of a project owner's project, or those of an application's own key.",
    query: requestListQuery,
    response: listOf(records.requestSummary).extend({
      acceptance: acceptance.optional().describe('Of the keys that are listed; on the first page.'),
    }),
  },
  getRequest: {
    method: 'GET',
    path: '/v1/halftone/requests/{id}',
    access: 'requests.read',
    summary: 'The whole record of a request.',
    response: records.requestRecord,
  },
  getReceipt: {
    method: 'GET',
    path: '/v1/halftone/requests/{id}/receipt',
    access: 'requests.read',
    summary: 'Every charge of a request, attempt by attempt.',
    response: records.receipt,
  },
  ...lineageEndpoints,
  explainRequest: {
    method: 'GET',
    path: '/v1/halftone/requests/{id}/explain',
    access: 'decisions.read',
    summary: 'Why this offer: candidates, scores, eliminations.',
    response: records.explanation,
  },
  giveFeedback: {
    method: 'POST',
    path: '/v1/halftone/feedback',
    access: 'feedback.give',
    summary: 'Accept, reject or score what was made; the last word of a key about a picture stands.',
    body: feedbackRequest,
    response: feedbackResponse,
  },
  deleteImage: {
    method: 'DELETE',
    path: '/v1/halftone/images/{id}',
    access: 'images.make',
    summary: 'Delete a stored image before its time; its costs stay.',
    response: admin.deleted,
  },
  observeRoute: {
    method: 'GET',
    path: '/v1/halftone/routes/{route}/observation',
    access: 'routes.read',
    summary: 'What a route of mode observe saw, would have done, and saved.',
    query: observationQuery,
    response: observationReport,
  },
  watchRequests: {
    method: 'GET',
    path: '/v1/halftone/events',
    access: 'live.read',
    summary: 'Server-sent events: `request` (a request summary) whenever one starts or finishes.',
    mediaType: 'text/event-stream',
  },
  getImage: {
    method: 'GET',
    path: '/v1/halftone/images/{id}',
    access: 'none',
    summary: 'A stored image by its signed, expiring URL.',
    mediaType: 'image/*',
  },
  getThumbnail: {
    method: 'GET',
    path: '/v1/halftone/images/{id}/thumbnail',
    access: 'none',
    summary: 'A small WebP of a stored image, by its signed URL.',
    mediaType: 'image/webp',
  },
  receiveWebhook: {
    method: 'POST',
    path: '/v1/halftone/webhooks/{attempt}/{token}',
    access: 'none',
    summary: 'A provider says that a job may have ended; the body is not believed, nor kept.',
    response: z.object({ received: z.literal(true) }),
  },
  overview: {
    method: 'GET',
    path: '/v1/halftone/overview',
    access: 'insight.read',
    summary: 'Spend and counts of today and this month, UTC.',
    response: admin.overview,
  },
  listPrices: {
    method: 'GET',
    path: '/v1/halftone/prices',
    access: 'prices.read',
    summary: 'The price book in use: every dated rate with its source and age, and what has no price.',
    query: prices.priceListQuery,
    response: prices.priceList,
  },
  getPriceBook: {
    method: 'GET',
    path: '/v1/halftone/prices/books/{hash}',
    access: 'prices.read',
    summary: 'A book as it was when it was used, by the hash that charges name.',
    response: prices.keptBook,
  },
  rerate: {
    method: 'POST',
    path: '/v1/halftone/prices/rerate',
    access: 'prices.write',
    summary: 'Price settled calls again with the prices in use, and post the differences as adjusting charges.',
    body: prices.rerateRequest,
    response: prices.rerateReport,
  },
  listPriceDrafts: {
    method: 'GET',
    path: '/v1/halftone/prices/drafts',
    access: 'prices.read',
    summary: 'Price changes drafted from what providers report, newest first.',
    response: listOf(prices.priceDraft),
  },
  reviewPrices: {
    method: 'POST',
    path: '/v1/halftone/prices/drafts',
    access: 'prices.write',
    summary: 'Look at the reported costs of the last 30 days now, and list every draft.',
    response: listOf(prices.priceDraft),
  },
  acceptPriceDraft: {
    method: 'POST',
    path: '/v1/halftone/prices/drafts/{id}/accept',
    access: 'prices.write',
    summary: 'Install the prices in use with this change.',
    response: prices.priceDraft,
  },
  rejectPriceDraft: {
    method: 'POST',
    path: '/v1/halftone/prices/drafts/{id}/reject',
    access: 'prices.write',
    summary: 'Close a draft without a change.',
    response: prices.priceDraft,
  },
  listKeys: {
    method: 'GET',
    path: '/v1/halftone/keys',
    access: 'keys.read',
    summary: 'Virtual keys, without secrets.',
    response: listOf(admin.keyObject),
  },
  createKey: {
    method: 'POST',
    path: '/v1/halftone/keys',
    access: 'keys.write',
    summary: 'Create a virtual key; the secret is in this answer only.',
    body: admin.createKeyRequest,
    response: admin.createdKey,
  },
  revokeKey: {
    method: 'DELETE',
    path: '/v1/halftone/keys/{id}',
    access: 'keys.write',
    summary: 'Revoke a key, at once and for good.',
    response: admin.deleted,
  },
  listProjects: {
    method: 'GET',
    path: '/v1/halftone/projects',
    access: 'projects.read',
    summary: 'Projects.',
    response: listOf(admin.projectObject),
  },
  putProject: {
    method: 'PUT',
    path: '/v1/halftone/projects/{id}',
    access: 'projects.write',
    summary: 'Create or change a project.',
    body: admin.putProjectRequest,
    response: admin.projectObject,
  },
  listBudgets: {
    method: 'GET',
    path: '/v1/halftone/budgets',
    access: 'budgets.read',
    summary: 'Budgets with what is spent and held now.',
    response: listOf(admin.budgetObject),
  },
  putBudget: {
    method: 'PUT',
    path: '/v1/halftone/budgets/{id}',
    access: 'budgets.write',
    summary: 'Create or change a budget.',
    body: admin.putBudgetRequest,
    response: admin.budgetObject,
  },
  deleteBudget: {
    method: 'DELETE',
    path: '/v1/halftone/budgets/{id}',
    access: 'budgets.write',
    summary: 'Delete a budget.',
    response: admin.deleted,
  },
  listLots: {
    method: 'GET',
    path: '/v1/halftone/lots',
    access: 'lots.read',
    summary: 'What is paid in advance and how much of it is left, first to expire first.',
    response: listOf(lots.lotObject),
  },
  recordDraw: {
    method: 'POST',
    path: '/v1/halftone/lots/draws',
    access: 'prices.write',
    summary: 'Record use of a shared lot that was made outside Halftone.',
    body: lots.drawRequest,
    response: lots.drawResponse,
  },
  ...importEndpoints,
  ...alertsEndpoints,
  ...reconcileEndpoints,
  ...routeEndpoints,
  ...qualityEndpoints,
  status: {
    method: 'GET',
    path: '/v1/halftone/status',
    access: 'status.read',
    summary: 'What is configured, reachable and wrong.',
    response: admin.status,
  },
  probeProviders: {
    method: 'POST',
    path: '/v1/halftone/probe',
    access: 'providers.write',
    summary: 'Test each provider key without spending.',
    response: listOf(admin.providerProbe),
  },
  ...providerEndpoints,
  ...accessEndpoints,
  ...insightEndpoints,
  ...exportEndpoints,
  ...reportEndpoints,
  ...monthEndpoints,
  ...deletionEndpoints,
  health: {
    method: 'GET',
    path: '/healthz',
    access: 'none',
    summary: '200 while the process lives; 503 when only a restart helps.',
    response: z.object({ status: z.enum(['ok', 'restart']) }),
  },
  ready: {
    method: 'GET',
    path: '/readyz',
    access: 'none',
    summary: '200 when requests are served; 503 while draining, misconfigured, or without a ledger that can be written.',
    response: z.object({
      status: z.string(),
      problems: z.array(z.string()),
      notices: z.int().describe('What a person should look at although requests are served; `status` lists them.'),
    }),
  },
  metrics: { method: 'GET', path: '/metrics', access: 'providers.read', summary: 'Prometheus metrics.', mediaType: 'text/plain' },
  openapi: { method: 'GET', path: '/openapi.json', access: 'none', summary: 'This document.' },
} as const satisfies Record<string, Endpoint>

export type EndpointName = keyof typeof endpoints
