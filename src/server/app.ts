/** The HTTP server: the contract's table, routed. */
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import helmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type Endpoint, type EndpointName, endpoints } from '../contract/endpoints.ts'
import { HalftoneError } from '../core/error.ts'
import type { Operation } from '../core/request.ts'
import type { Actor } from '../ports/ledger.ts'
import { authenticate } from './authenticate.ts'
import type { ServerContext } from './context.ts'
import { fromZod, toHttpError, toKnownError } from './errors.ts'
import { type Call, callerIdentity, type Handler } from './handler.ts'
import type { Identity } from './key-ring.ts'
import { readJson } from './read-body.ts'
import * as admin from './routes/admin.ts'
import { listAlertChannels, testAlertChannel } from './routes/alerts.ts'
import * as assets from './routes/assets.ts'
import { listAudit } from './routes/audit.ts'
import * as batches from './routes/batches.ts'
import { deleteContent } from './routes/deletions.ts'
import { exportFocus, listExportDays } from './routes/exports.ts'
import { deleteImage, giveFeedback } from './routes/feedback.ts'
import { handleImages } from './routes/images.ts'
import * as imports from './routes/imports.ts'
import { insightExplore } from './routes/insight-explore.ts'
import { insightModels } from './routes/insight-models.ts'
import * as insightObjects from './routes/insight-objects.ts'
import { insightOverview } from './routes/insight-overview.ts'
import { getLineage } from './routes/lineage.ts'
import * as lots from './routes/lots.ts'
import * as models from './routes/models.ts'
import { checkMonth, closeMonth, listMonths } from './routes/months.ts'
import { observeRoute } from './routes/observe.ts'
import * as operations from './routes/operations.ts'
import { overview } from './routes/overview.ts'
import { isTextPath, passThrough } from './routes/passthrough.ts'
import * as priceChanges from './routes/price-changes.ts'
import * as prices from './routes/prices.ts'
import * as providers from './routes/providers.ts'
import * as quality from './routes/quality.ts'
import { quote } from './routes/quote.ts'
import { listUnknown, reconcileAttempt } from './routes/reconcile.ts'
import * as records from './routes/records.ts'
import { getReport } from './routes/report.ts'
import { routeCandidates } from './routes/route-candidates.ts'
import * as routes from './routes/routes.ts'
import * as session from './routes/session.ts'
import { receiveWebhook } from './routes/webhooks.ts'
import { traceError, traceRequest } from './trace-request.ts'
import { narrowBody, narrowQuery } from './view.ts'

const images =
  (operation: Operation): Handler =>
  async (call) => {
    await handleImages(call.context, operation, call.request, call.reply, callerIdentity(call))
    return undefined
  }

const handlers = {
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
  explainRequest: records.explainRequest,
  giveFeedback,
  observeRoute,
  deleteImage,
  watchRequests: records.watchRequests,
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
  listKeys: admin.listKeys,
  createKey: admin.createKey,
  revokeKey: admin.revokeKey,
  listProjects: admin.listProjects,
  putProject: admin.putProject,
  listBudgets: admin.listBudgets,
  putBudget: admin.putBudget,
  deleteBudget: admin.deleteBudget,
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
  status: admin.status,
  probeProviders: admin.probeProviders,
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

/** Endpoints that read their own body from the socket. */
const ownBody: ReadonlySet<EndpointName> = new Set([
  'createImage',
  'editImage',
  'createVariation',
  'upscaleImage',
  'removeBackground',
  'createFile',
])

/** From the first byte of a request to the last of its body. */
const UPLOAD_MS = 600_000

/** Build the server; it does not listen yet. */
export async function createApp(context: ServerContext): Promise<FastifyInstance> {
  const { settings } = context
  const app = Fastify({
    trustProxy:
      settings.trustedProxies.length > 0
        ? settings.trustedProxies.flatMap((proxy) => (proxy === 'private' ? ['uniquelocal', 'linklocal'] : [proxy]))
        : false,
    // A model id in a path contains slashes and colons.
    routerOptions: { maxParamLength: 512 },
    // Slow uploads are bounded by bytes and by this, slow generations only by their own timeouts.
    requestTimeout: UPLOAD_MS,
    keepAliveTimeout: 72_000,
    // What never becomes a request is answered in the same envelope as everything else.
    frameworkErrors: (error, request, reply) => sendError(context, error, request, reply),
    clientErrorHandler: answerClientError,
  })
  app.server.headersTimeout = 60_000
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        styleSrc: ["'self'"],
        scriptSrc: ["'self'"],
        connectSrc: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        objectSrc: ["'none'"],
      },
    },
    hsts: false,
    crossOriginResourcePolicy: { policy: 'same-origin' },
  })
  app.addHook('preClose', async () => {
    for (const raw of context.liveStreams) raw.end()
  })
  app.setErrorHandler((error, request, reply) => sendError(context, error, request, reply))
  app.setNotFoundHandler((request, reply) => notFound(context, request, reply))
  for (const [name, endpoint] of Object.entries(endpoints) as [EndpointName, Endpoint][]) {
    app.route({
      method: endpoint.method,
      url: fastifyPath(endpoint.path),
      // Programs read these answers, not browsers: the headers would be worked out anew for each image, for nobody.
      ...(ownBody.has(name) && { helmet: false }),
      handler: (request, reply) => {
        const { telemetry } = context
        // Health and metrics are asked for all the time, by machines.
        if (!telemetry || !endpoint.path.startsWith('/v1/')) return serve(context, name, endpoint, request, reply)
        return traceRequest(telemetry, endpoint.path, { request, reply }, () => serve(context, name, endpoint, request, reply))
      },
    })
  }
  // The dashboard's files are public; everything it shows comes through the API above.
  if (context.webRoot) await app.register(fastifyStatic, { root: context.webRoot, wildcard: false, index: 'index.html' })
  return app
}

/** Whether a path is one of an endpoint's. */
const matches = (pattern: string, path: string): boolean =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`).test(path)

/** `{id}` of models takes the rest of the path: ids contain slashes. */
const fastifyPath = (path: string): string => (path === '/v1/models/{id}' ? '/v1/models/*' : path.replace(/\{(\w+)\}/g, ':$1'))

async function serve(
  context: ServerContext,
  name: EndpointName,
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const started = context.services.clock.monotonicMs()
  reply.raw.once('close', () =>
    context.metrics.request(name, reply.raw.statusCode, context.services.clock.monotonicMs() - started),
  )
  const identity = await authenticate(request, endpoint.access, context)
  const params = request.params as Record<string, string>
  const query = endpoint.query ? check(endpoint.query, request.query) : undefined
  const body =
    endpoint.body && !ownBody.has(name) ? check(endpoint.body, await readJson(request.raw, endpoint.maxBodyBytes)) : undefined
  const call: Call = {
    context,
    request,
    reply,
    identity,
    params: { ...params, ...(params['*'] !== undefined && { id: params['*'] }) },
    query: identity ? narrowQuery(identity, query) : query,
    body: identity ? narrowBody(identity, body) : body,
  }
  const run = () => handlers[name](call)
  const answer = await (identity ? context.acting.run(actorOf(identity, request), run) : run())
  if (answer === undefined) return reply
  return reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(answer))
}

const actorOf = ({ key }: Identity, { ip }: FastifyRequest): Actor => ({
  id: key.id,
  name: key.name,
  role: key.role,
  address: ip,
})

function check(schema: NonNullable<Endpoint['body']>, value: unknown): unknown {
  const parsed = schema.safeParse(value, { reportInput: true })
  if (!parsed.success) throw fromZod(parsed.error)
  return parsed.data
}

function sendError(context: ServerContext, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = toKnownError(error, context.services.newId)
  const { status, headers, body } = toHttpError(known)
  traceError(request, known.code)
  if (known.code === 'internal_error')
    context.services.log.error({ err: error, requestId: known.requestId }, 'a request failed inside Halftone')
  finishReading(request.raw)
  return reply
    .code(status)
    .headers({ ...headers, 'content-type': 'application/json; charset=utf-8' })
    .send(JSON.stringify(body))
}

const UNREAD_BODY_MS = 2_000

/** The rest of a refused upload is read for a moment, so that the client gets to read why; then it is cut off. */
function finishReading(raw: IncomingMessage): void {
  if (raw.complete) return
  raw.resume()
  const timer = setTimeout(() => raw.destroy(), UNREAD_BODY_MS)
  timer.unref()
  raw.once('close', () => clearTimeout(timer))
}

const clientErrors: Readonly<Record<string, { readonly status: number; readonly message: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The headers are larger than this server takes.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: `The request was not complete within ${UPLOAD_MS / 60_000} minutes.` },
}

/** Bytes that are no HTTP, headers beyond the limit, or a request that does not end. */
function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const { status, message } = clientErrors[error.code ?? ''] ?? { status: 400, message: 'The request is not well-formed HTTP.' }
  const text = JSON.stringify(toHttpError(new HalftoneError('invalid_header', message)).body)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  )
}

/** OpenAI paths that make no images go to the configured text provider, or say how to configure one. */
async function notFound(context: ServerContext, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const path = request.url.split('?')[0] ?? ''
  if (isTextPath(path)) {
    await authenticate(request, 'images.make', context)
    return passThrough(context, request, reply)
  }
  // The dashboard routes in the browser: its addresses all answer with the page.
  const wantsPage = request.method === 'GET' && (request.headers.accept ?? '').includes('text/html') && !path.startsWith('/v1/')
  if (context.webRoot && wantsPage) return reply.sendFile('index.html')
  const known = Object.values(endpoints).filter((endpoint) => matches(endpoint.path, path))
  const [first] = known
  if (first) {
    reply.header('allow', known.map((endpoint) => endpoint.method).join(', '))
    throw new HalftoneError(
      'method_not_allowed',
      `${path} takes ${known.map((endpoint) => endpoint.method).join(', ')}, not ${request.method}.`,
    )
  }
  throw new HalftoneError(
    'not_found',
    `There is nothing at ${request.method} ${path.slice(0, 200)}; GET /openapi.json lists the paths.`,
  )
}
