/** Attempts of several calls, and jobs that are cancelled or woken. Real sockets. */
import { describe, expect, test } from 'vitest'
import { attempt } from '../../test/providers/attempt.ts'
import { account, call, failureOf, scripted } from '../../test/providers/scripted.ts'
import { type Answer, json, linesOf, serveAnswers } from '../../test/providers/served.ts'
import { doublePicture } from '../../test/support/provider-double.ts'
import { HalftoneError } from '../core/error.ts'
import type { JsonValue } from '../core/json.ts'

const picture = doublePicture(64, 48, { bytes: 4_000 })
const made = { image: picture.toString('base64') }
/** The picture itself. */
const image: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'image/png' }).end(picture)
}

describe('several calls in one attempt', () => {
  test('each answer is decoded with the state its call was sent with', async () => {
    const states: (JsonValue | undefined)[] = []
    const definition = scripted()
    const { origin, seen } = await serveAnswers({
      'POST /make': (response) => json(response, { follows: 'upload' }),
      'PUT /upload': (response) => json(response, { follows: 'again' }),
      'POST /again': (response) => json(response, made),
    })
    const { result } = await attempt(
      account(origin, {
        ...definition,
        decode: (response, context) => {
          states.push(context.state)
          return definition.decode(response, context)
        },
      }),
    )
    expect(result.kind).toBe('done')
    expect(linesOf(seen)).toEqual(['POST /make', 'PUT /upload', 'POST /again'])
    expect(states).toEqual([{ step: 'first' }, { step: 'upload' }, { after: { step: 'upload' } }])
  })

  test('a codec that goes round in circles is stopped', async () => {
    const { origin, seen } = await serveAnswers({
      'POST /make': (response) => json(response, { follows: 'again' }),
      'POST /again': (response) => json(response, { follows: 'again' }),
    })
    const { result } = await attempt(account(origin))
    expect(failureOf(result)).toMatchObject({ code: 'provider_invalid_response', billed: 'unknown' })
    expect(seen.length).toBeLessThan(25)
  })

  test.each([
    ['nobody bills', false as const, 'no'],
    ['may be billed', undefined, 'unknown'],
  ])('a first call that %s and breaks off leaves the bill accordingly', async (_, spends, billed) => {
    const definition = scripted({
      encode: () => ({ call: call('POST', '/make', spends === undefined ? {} : { spends }), warnings: [] }),
    })
    const { origin } = await serveAnswers({ 'POST /make': (response) => response.destroy() })
    const { result } = await attempt(account(origin, definition))
    expect(failureOf(result)).toMatchObject({ code: 'provider_error', billed })
  })

  test('a free call that breaks off after one that may be billed does not clear the bill', async () => {
    const { origin } = await serveAnswers({
      'POST /make': (response) => json(response, { follows: 'upload' }),
      'PUT /upload': (response) => response.destroy(),
    })
    expect(failureOf((await attempt(account(origin))).result)).toMatchObject({ billed: 'unknown' })
  })
})

describe('a result behind a call to the own host', () => {
  test('is fetched with the credentials', async () => {
    const { origin, seen } = await serveAnswers({
      'POST /make': (response) => json(response, { follows: 'result' }),
      'GET /result.png': image,
    })
    const { result, spool } = await attempt(account(origin, scripted(), { apiKey: { reveal: () => 'sk-one' } }))
    expect(result).toMatchObject({ kind: 'done', images: [{ mediaType: 'image/png', size: { width: 64, height: 48 } }] })
    expect(seen[1]?.headers.authorization).toBe('Bearer sk-one')
    if (result.kind === 'done') await Promise.all(result.images.map(({ body }) => body.dispose()))
    expect(spool.open).toBe(0)
  })

  test.each<[string, Answer]>([
    ['is gone', (response) => json(response, { error: 'gone' }, 410)],
    ['breaks off', (response) => response.destroy()],
  ])('that %s is a failure that says so', async (_, answer) => {
    const { origin } = await serveAnswers({
      'POST /make': (response) => json(response, { follows: 'result' }),
      'GET /result.png': answer,
    })
    const { result } = await attempt(account(origin))
    expect(failureOf(result)?.message).toMatch(/^The result could not be fetched/)
    expect(failureOf(result)?.billed).not.toBe('no')
  })
})

describe('a job', () => {
  const waiting: Answer = (response) => json(response, { follows: 'wait', afterMs: 30_000 })
  /** Aborts `afterMs` after the job was put on record. */
  const leaving = (reason: unknown) => {
    const controller = new AbortController()
    return {
      signal: controller.signal,
      onSubmitted: async () => {
        setTimeout(() => controller.abort(reason), 20)
      },
    }
  }
  const gone = new HalftoneError('cancelled', 'The client closed the connection.')

  test('is cancelled when the client leaves, and then not billed', async () => {
    const { origin, seen } = await serveAnswers({
      'POST /make': waiting,
      'DELETE /job': (response) => json(response, { follows: 'wait' }),
    })
    const { result } = await attempt(account(origin, scripted(), { timeoutMs: 60_000 }), { io: leaving(gone) })
    expect(failureOf(result)).toMatchObject({ code: 'cancelled', billed: 'no' })
    expect(linesOf(seen)).toEqual(['POST /make', 'DELETE /job'])
  })

  test('is left alone at a shutdown: the next start resumes it', async () => {
    const { origin, seen } = await serveAnswers({ 'POST /make': waiting, 'DELETE /job': (response) => json(response, {}) })
    const { result } = await attempt(account(origin, scripted(), { timeoutMs: 60_000 }), {
      io: leaving(new Error('shutting down')),
    })
    expect(failureOf(result)).toMatchObject({ code: 'cancelled', billed: 'unknown' })
    expect(linesOf(seen)).toEqual(['POST /make'])
  })

  test.each<[string, Answer]>([
    ['is refused', (response) => json(response, { error: 'too late' }, 409)],
    ['breaks off', (response) => response.destroy()],
    ['comes when the picture was made', (response) => json(response, made)],
  ])('whose cancelling %s may still be billed', async (_, answer) => {
    const { origin } = await serveAnswers({ 'POST /make': waiting, 'DELETE /job': answer })
    const { result } = await attempt(account(origin, scripted(), { timeoutMs: 60_000 }), { io: leaving(gone) })
    expect(failureOf(result)).toMatchObject({ code: 'cancelled', billed: 'unknown' })
  })

  test('is asked about at once when a webhook says it has ended, whatever the webhook says', async () => {
    const { origin, seen } = await serveAnswers({ 'POST /make': waiting, 'GET /job': (response) => json(response, made) })
    const { result } = await attempt(account(origin, scripted(), { timeoutMs: 60_000 }), {
      webhookUrl: 'https://halftone.example/hook',
      io: { woken: () => new Promise((resolve) => setTimeout(resolve, 20)) },
    })
    expect(result.kind).toBe('done')
    expect(linesOf(seen)).toEqual(['POST /make', 'GET /job'])
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ webhook: 'https://halftone.example/hook' })
  })

  test('is resumed with the key it was submitted with', async () => {
    const { origin, seen } = await serveAnswers({
      'POST /make': (response, { headers }) =>
        headers.authorization === 'Bearer sk-one' ? json(response, {}, 401) : json(response, { follows: 'wait' }),
      'GET /job': (response) => json(response, made),
    })
    const keys = { apiKey: { reveal: () => 'sk-one' }, moreApiKeys: [{ reveal: () => 'sk-two' }] }
    let resume: JsonValue = null
    const before = account(origin, scripted(), keys)
    await attempt(before)
    await attempt(before, {
      io: {
        onSubmitted: async (job) => {
          resume = job.resume
        },
      },
    })
    // A new process knows nothing of the refusal.
    await attempt(account(origin, scripted(), keys), { resume })
    expect(seen.map(({ line, headers }) => [line, headers.authorization])).toEqual([
      ['POST /make', 'Bearer sk-one'],
      ['POST /make', 'Bearer sk-two'],
      ['GET /job', 'Bearer sk-two'],
      ['GET /job', 'Bearer sk-two'],
    ])
  })
})
