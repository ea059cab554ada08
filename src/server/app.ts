/** The HTTP server: the contract's table, routed. */
import helmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { type Endpoint, type EndpointName, endpoints } from '../contract/endpoints.ts'
import { HalftoneError } from '../core/error.ts'
import type { Actor } from '../ports/ledger.ts'
import { authenticate } from './authenticate.ts'
import type { ServerContext } from './context.ts'
import { fromZod } from './errors.ts'
import type { Call } from './handler.ts'
import { handlers } from './handlers.ts'
import type { Identity } from './key-ring.ts'
import { readJson } from './read-body.ts'
import { isTextPath, passThrough } from './routes/passthrough.ts'
import { answerClientError, sendError, UPLOAD_MS } from './send-error.ts'
import { traceRequest } from './trace-request.ts'
import { narrowBody, narrowQuery } from './view.ts'

/** Endpoints that read their own body from the socket. */
const ownBody: ReadonlySet<EndpointName> = new Set([
  'createImage',
  'editImage',
  'createVariation',
  'upscaleImage',
  'removeBackground',
  'createFile',
])

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
