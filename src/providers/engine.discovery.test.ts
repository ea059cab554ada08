/** What an account's server says it serves becomes its offers. Real sockets. */
import { describe, expect, test } from 'vitest'
import { account, call, scripted } from '../../test/providers/scripted.ts'
import { type Answer, json, serveAnswers } from '../../test/providers/served.ts'
import { makeOffer } from './kit/offers.ts'

describe('what a server says it serves', () => {
  const definition = scripted({
    discover: {
      call: call('GET', '/models', { spends: false }),
      decode: ({ body }) =>
        body.kind === 'json' && Array.isArray(body.value)
          ? body.value.map((id) => ({ id: String(id), model: `acme/${String(id)}`, capabilities: {} }))
          : undefined,
    },
    offers: ({ models = [], ...config }) =>
      models.map((model) =>
        makeOffer(config, 'scripted', {
          ...model,
          wireModel: model.id,
          capabilities: scripted().offers(config)[0]?.capabilities as never,
        }),
      ),
  })
  const signal = new AbortController().signal

  test('becomes its offers', async () => {
    const { origin } = await serveAnswers({ 'GET /models': (response) => json(response, ['a', 'b']) })
    const answer = await account(origin, definition).discover?.(signal)
    expect(answer?.ok && answer.offers.map(({ id }) => id)).toEqual(['mine:acme/a', 'mine:acme/b'])
  })

  test('is not asked when the operator lists the models', async () => {
    const { origin } = await serveAnswers({})
    expect(account(origin, definition, { models: [{ id: 'a', model: 'acme/a', capabilities: {} }] }).discover).toBeUndefined()
  })

  test.each<[string, Answer]>([
    ['an error', (response) => json(response, {}, 500)],
    ['something else', (response) => json(response, { models: 'many' })],
    ['nothing at all', (response) => response.destroy()],
  ])('%s is told and changes nothing', async (_, answer) => {
    const { origin } = await serveAnswers({ 'GET /models': answer })
    expect(await account(origin, definition).discover?.(signal)).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^127/),
    })
  })
})
