/** POST a small JSON body to an address of the operator's choice: https on public addresses, or a host that is allowed by name. */
import { Agent, type Dispatcher } from 'undici'
import { Enough, exchange } from './exchange.ts'
import { hostWithPort } from './foreign-fetch.ts'
import { createPublicConnector } from './public-address.ts'

export interface Poster {
  /** The status; redirects are not followed, the answer's body is not read. Rejects when there is none, or the address is not allowed. */
  post(url: string, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal): Promise<number>
  close(): Promise<void>
}

export interface PosterOptions {
  /** `host` or `host:port`: may be private and may be http. */
  readonly allowHosts: readonly string[]
  readonly timeoutMs: number
}

export function createPoster({ allowHosts, timeoutMs }: PosterOptions): Poster {
  const allowed = new Set(allowHosts.map((host) => host.toLowerCase()))
  const agents = {
    public: new Agent({ connect: createPublicConnector({ timeoutMs }), pipelining: 1, keepAliveTimeout: 1_000 }),
    allowed: new Agent({ connect: { timeout: timeoutMs, allowH2: false }, pipelining: 1, keepAliveTimeout: 1_000 }),
  }
  return {
    async post(text, headers, body, signal) {
      const url = new URL(text)
      const isAllowed = allowed.has(url.hostname) || allowed.has(hostWithPort(url))
      if (url.protocol !== 'https:' && !(isAllowed && url.protocol === 'http:'))
        throw new Error(`The URL on ${url.host} is not https.`)
      const agent = isAllowed ? agents.allowed : agents.public
      return exchange<number>(
        { dispatch: (request, handler) => agent.dispatch({ ...request, origin: url.origin }, handler) } as Dispatcher,
        {
          method: 'POST',
          path: `${url.pathname}${url.search}`,
          headers: { ...headers, 'content-type': 'application/json' },
          body: Buffer.from(body),
        },
        { timeoutMs, idleTimeoutMs: timeoutMs, maxBytes: 1_024, signal },
        (status) => {
          throw new Enough<number>(status)
        },
      )
    },
    async close() {
      await Promise.all([agents.public.destroy(), agents.allowed.destroy()])
    },
  }
}
