import { describe, expect, it } from 'vitest'
import { createWebhooks } from './webhooks.ts'

const webhooks = () => createWebhooks({ key: Buffer.alloc(32, 7), publicUrl: () => 'https://pictures.example' })
const never = new AbortController().signal

/** What the provider sends back. */
function callBack(hooks: ReturnType<typeof webhooks>, attemptId: string, token = ''): void {
  const [, own = ''] = /\/([^/]+)$/.exec(hooks.urlOf(attemptId) ?? '') ?? []
  hooks.wake(attemptId, token || own)
}
const isWoken = (woken: Promise<void>): Promise<boolean> =>
  Promise.race([woken.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))])

describe('a call-back', () => {
  it('wakes who waits for it, once', async () => {
    const hooks = webhooks()
    const listener = hooks.listen('a1')
    const waiting = listener.woken(never)
    callBack(hooks, 'a1')
    expect(await isWoken(waiting)).toBe(true)
    expect(await isWoken(listener.woken(never))).toBe(false)
  })

  it('that comes before anybody listens, as after a restart, is heard by who listens next', async () => {
    const hooks = webhooks()
    callBack(hooks, 'a1')
    expect(await isWoken(hooks.listen('a2').woken(never))).toBe(false)
    const listener = hooks.listen('a1')
    expect(await isWoken(listener.woken(never))).toBe(true)
    expect(await isWoken(listener.woken(never))).toBe(false)
  })

  it('with a wrong token changes nothing, early or not', async () => {
    const hooks = webhooks()
    callBack(hooks, 'a1', 'x'.repeat(32))
    const listener = hooks.listen('a1')
    callBack(hooks, 'a1', 'x'.repeat(32))
    expect(await isWoken(listener.woken(never))).toBe(false)
  })

  it('of so many attempts that nobody listens for, the oldest are forgotten', async () => {
    const hooks = webhooks()
    for (let index = 0; index < 1_001; index += 1) callBack(hooks, `a${index}`)
    expect(await isWoken(hooks.listen('a0').woken(never))).toBe(false)
    expect(await isWoken(hooks.listen('a1').woken(never))).toBe(true)
  })
})
