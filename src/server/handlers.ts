/** Who answers each endpoint of the table. */
import type { EndpointName } from '../contract/endpoints.ts'
import type { Operation } from '../core/request.ts'
import { callerIdentity, type Handler } from './handler.ts'
import { listAlertChannels, testAlertChannel } from './routes/alerts.ts'
import * as assets from './routes/assets.ts'
import { listAudit } from './routes/audit.ts'
import * as batches from './routes/batches.ts'
import * as budgets from './routes/budgets.ts'
import { deleteContent } from './routes/deletions.ts'
import { explainRequest } from './routes/explain.ts'
import { exportFocus, listExportDays } from './routes/exports.ts'
import { deleteImage, giveFeedback } from './routes/feedback.ts'
import { handleImages } from './routes/images.ts'
import * as imports from './routes/imports.ts'
import { insightExplore } from './routes/insight-explore.ts'
import { insightModels } from './routes/insight-models.ts'
import * as insightObjects from './routes/insight-objects.ts'
import { insightOverview } from './routes/insight-overview.ts'
import * as keys from './routes/keys.ts'
import { getLineage } from './routes/lineage.ts'
import * as lots from './routes/lots.ts'
import * as models from './routes/models.ts'
import { checkMonth, closeMonth, listMonths } from './routes/months.ts'
import { observeRoute } from './routes/observe.ts'
import * as operations from './routes/operations.ts'
import { overview } from './routes/overview.ts'
import * as priceChanges from './routes/price-changes.ts'
import * as prices from './routes/prices.ts'
import * as projects from './routes/projects.ts'
import * as providers from './routes/providers.ts'
import * as quality from './routes/quality.ts'
import { quote } from './routes/quote.ts'
import { listUnknown, reconcileAttempt } from './routes/reconcile.ts'
import * as records from './routes/records.ts'
import { getReport } from './routes/report.ts'
import { routeCandidates } from './routes/route-candidates.ts'
import * as routes from './routes/routes.ts'
import * as session from './routes/session.ts'
import { probeProviders, status } from './routes/status.ts'
import { watchRequests } from './routes/watch.ts'
import { receiveWebhook } from './routes/webhooks.ts'

const images =
  (operation: Operation): Handler =>
  async (call) => {
    await handleImages(call.context, operation, call.request, call.reply, callerIdentity(call))
    return undefined
  }

export const handlers = {
  createImage: images('generate'),
  editImage: images('edit'),
  createVariation: images('variation'),
  upscaleImage: images('upscale'),
  removeBackground: images('remove_background'),
  createFile: batches.createFile,
  listFiles: batches.listFiles,
  getFile: batches.getFile,
  getFileContent: batches.getFileContent,
  deleteFile: batches.deleteFile,
  createBatch: batches.createBatch,
  listBatches: batches.listBatches,
  getBatch: batches.getBatch,
  cancelBatch: batches.cancelBatch,
  listBatchLines: batches.listBatchLines,
  quoteBatch: batches.quoteBatch,
  listModels: models.listModels,
  getModel: models.getModel,
  quote,
  listRequests: records.listRequests,
  getRequest: records.getRequest,
  getReceipt: records.getReceipt,
  getLineage,
  explainRequest,
  giveFeedback,
  observeRoute,
  deleteImage,
  watchRequests,
  getImage: assets.getImage,
  getThumbnail: assets.getThumbnail,
  receiveWebhook,
  overview,
  listPrices: prices.listPrices,
  getPriceBook: prices.getPriceBook,
  rerate: prices.rerate,
  listPriceDrafts: prices.listDraftedPrices,
  reviewPrices: prices.reviewDraftedPrices,
  acceptPriceDraft: prices.acceptDraftedPrice,
  rejectPriceDraft: prices.rejectDraftedPrice,
  listKeys: keys.listKeys,
  createKey: keys.createKey,
  revokeKey: keys.revokeKey,
  listProjects: projects.listProjects,
  putProject: projects.putProject,
  listBudgets: budgets.listBudgets,
  putBudget: budgets.putBudget,
  deleteBudget: budgets.deleteBudget,
  listImportFormats: imports.listImportFormats,
  readImport: imports.readImport,
  importSpend: imports.importSpend,
  listAlertChannels,
  testAlertChannel,
  listUnknown,
  reconcileAttempt,
  listRoutes: routes.listRoutes,
  getRoute: routes.getRoute,
  putRoute: routes.putRoute,
  deleteRoute: routes.deleteRoute,
  listRouteVersions: routes.listRouteVersions,
  rollbackRoute: routes.rollbackRoute,
  validateRoute: routes.validateRoute,
  routeCandidates,
  tryRoute: routes.tryRoute,
  listQuality: quality.listQuality,
  resetQuality: quality.resetQuality,
  exportFocus,
  listExportDays,
  getReport,
  listMonths,
  checkMonth,
  closeMonth,
  deleteContent,
  listLots: lots.listLots,
  recordDraw: lots.recordDraw,
  status,
  probeProviders,
  listProviders: providers.listProviders,
  verifyProvider: providers.verifyProvider,
  priceHistory: priceChanges.priceHistory,
  listPriceSets: priceChanges.listPriceSets,
  changePrice: priceChanges.changePrice,
  rollbackPrices: priceChanges.rollbackPrices,
  getSession: session.getSession,
  signIn: session.signIn,
  signOut: session.signOut,
  getSignInOptions: session.getSignInOptions,
  startOidc: session.startOidc,
  finishOidc: session.finishOidc,
  listSessions: session.listSessions,
  endSession: session.endSession,
  listAudit,
  insightOverview,
  insightExplore,
  insightModels,
  listViews: insightObjects.listViews,
  putView: insightObjects.putView,
  deleteView: insightObjects.deleteView,
  listTagRules: insightObjects.listTagRules,
  putTagRule: insightObjects.putTagRule,
  deleteTagRule: insightObjects.deleteTagRule,
  health: operations.health,
  ready: operations.ready,
  metrics: operations.metrics,
  openapi: operations.openapi,
} satisfies Record<EndpointName, Handler>
