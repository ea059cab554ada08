/** A gateway in which something of every kind has happened, so that every endpoint has an answer. */
import { compatibleProvider, PRICE, startTestGateway, type TestGateway } from '../gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../provider-double.ts'

export interface World {
  readonly double: ProviderDouble
  readonly gateway: TestGateway
  /** An inference key, another one, and one that was revoked. */
  readonly keys: { readonly own: string; readonly other: string; readonly revoked: string; readonly revokedId: string }
  /** A request of the key `own`, its attempt, the price book it was charged by and its first image. */
  readonly requestId: string
  readonly attemptId: string
  readonly priceBook: string
  readonly image: { readonly id: string; readonly second: string; readonly url: string; readonly thumbnail_url: string }
  close(): Promise<void>
}

export const generation = { model: 'acme/painter', prompt: 'a red fox' }
/** Of another model, so that no call here draws on them. */
const credits = { kind: 'prepaidCredits', id: 'credits', lots: [{ amount: '5' }], appliesTo: ['acme/other'] }

export async function openWorld(): Promise<World> {
  const double = await startProviderDouble()
  const gateway = await startTestGateway({
    config: {
      providers: { double: { ...compatibleProvider(double), prices: { '*': { perImage: PRICE, commitments: [credits] } } } },
      aliases: { fox: 'acme/painter@low' },
      routes: { trial: { models: ['acme/painter'], mode: 'observe', observes: 'acme/observed' } },
      maxUsdPerDay: '100',
      alerts: { webhooks: [{ name: 'ops', url: 'https://127.0.0.1:9/', secret: 'a secret of the receiver' }] },
    },
  })
  const [own, other, revoked] = await Promise.all([
    gateway.createKey({ name: 'own', tags: { team: 'web' }, max_usd_per_day: '5' }),
    gateway.createKey({ name: 'other', allowed_models: ['acme/painter'] }),
    gateway.createKey({ name: 'revoked' }),
  ])
  await gateway.call(`/v1/halftone/keys/${revoked.id}`, { method: 'DELETE' })
  const keys = { own: own.secret, other: other.secret, revoked: revoked.secret, revokedId: revoked.id }
  // One of each fate: made, made in part, refused by the provider, unknown.
  const { body } = await gateway.call<{ halftone: { request_id: string } }>('/v1/images/generations', {
    key: keys.own,
    body: {
      ...generation,
      n: 2,
      seed: 7,
      halftone: { allow_unsupported: true, tags: { sku: '4711' }, group: 'g' },
      user: 'customer',
    },
  })
  const requestId = body.halftone.request_id
  double.enqueue({ missing: 1 }, { fault: 'reset_after' }, { status: 400, body: { error: { message: 'No.' } } })
  for (const n of [2, 1, 1]) await gateway.call('/v1/images/generations', { body: { ...generation, n } })
  const [attempt] = (await gateway.receipt(requestId)).attempts
  const [first, second] = (await gateway.record(requestId)).images
  if (!first?.url || !first.thumbnail_url) throw new Error('the image was not stored')
  return {
    double,
    gateway,
    keys,
    requestId,
    attemptId: attempt?.id ?? '',
    priceBook: attempt?.charges[0]?.price_book ?? '',
    image: { id: first.id, second: second?.id ?? '', url: first.url, thumbnail_url: first.thumbnail_url },
    close: async () => {
      await gateway.close()
      await double.close()
    },
  }
}
