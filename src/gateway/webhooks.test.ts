import { describe, expect, it } from 'vitest'
import { createWebhooks } from './webhooks.ts'

const key = new Uint8Array(32).fill(7)
const open = (publicUrl?: string) => createWebhooks({ key, publicUrl: () => publicUrl })
const tokenOf = (id: string): string => open('https://pictures.example').urlOf(id)?.split('/').at(-1) ?? ''
const signal = new AbortController().signal
const settled = async (promise: Promise<void>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<false>((resolve) => setTimeout(() => resolve(false), 20))])

describe('the address of a call-back', () => {
  it.each([
    ['none', undefined, undefined],
    ['none over plain http', 'http://pictures.example', undefined],
    ['one over https', 'https://pictures.example/', /^https:\/\/pictures\.example\/v1\/halftone\/webhooks\/a1\/[\w-]{32}$/],
    ['one below a path', 'https://example.com/halftone', /^https:\/\/example\.com\/halftone\/v1\/halftone\/webhooks\/a1\//],
  ])('%s', (_, publicUrl, expected) => {
    const url = open(publicUrl).urlOf('a1')
    if (expected) expect(url).toMatch(expected)
    else expect(url).toBeUndefined()
  })

  it('is another one for another attempt, and the same after a restart', () => {
    expect(tokenOf('a1')).not.toBe(tokenOf('a2'))
    expect(tokenOf('a1')).toBe(tokenOf('a1'))
  })
})

describe('a call-back', () => {
  it('wakes the attempt it is about, and no other', async () => {
    const webhooks = open()
    const [one, other] = [webhooks.listen('a1'), webhooks.listen('a2')]
    const [first, second] = [one.woken(signal), other.woken(signal)]
    webhooks.wake('a1', tokenOf('a1'))
    expect([await settled(first), await settled(second)]).toEqual([true, false])
  })

  it('that comes before anybody waits is remembered once', async () => {
    const webhooks = open()
    const listener = webhooks.listen('a1')
    webhooks.wake('a1', tokenOf('a1'))
    webhooks.wake('a1', tokenOf('a1'))
    expect(await settled(listener.woken(signal))).toBe(true)
    expect(await settled(listener.woken(signal))).toBe(false)
  })

  it('that comes while nobody waits any more wakes the next wait', async () => {
    const webhooks = open()
    const listener = webhooks.listen('a1')
    const over = new AbortController()
    const abandoned = listener.woken(over.signal)
    over.abort()
    webhooks.wake('a1', tokenOf('a1'))
    expect([await settled(abandoned), await settled(listener.woken(signal))]).toEqual([false, true])
  })

  it.each([
    ['with the token of another attempt', tokenOf('a2')],
    ['with a short token', 'x'],
    ['without a token', ''],
  ])('%s changes nothing', async (_, token) => {
    const webhooks = open()
    const waiting = webhooks.listen('a1').woken(signal)
    webhooks.wake('a1', token)
    expect(await settled(waiting)).toBe(false)
  })

  it('about an attempt that has ended changes nothing', () => {
    const webhooks = open()
    webhooks.listen('a1').close()
    expect(() => webhooks.wake('a1', tokenOf('a1'))).not.toThrow()
  })
})
