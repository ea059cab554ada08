import { describe, expect, test } from 'vitest'
import { isEasy } from '../core/planning/difficulty.ts'
import { gateFeaturesOf } from '../core/planning/easy-floor.ts'
import { promptFeatures } from '../core/prompt/features.ts'
import type { PictureWord } from '../core/routing/learning/spoken.ts'
import type { LedgerQuality } from '../ports/ledger.ts'
import { type QualityFeedOptions, startQualityFeed } from './quality-feed.ts'

const START_US = Date.UTC(2026, 10, 23) * 1_000
const HOUR_US = 3_600_000_000
const PRODUCT = 'acme/painter@low'

const wordAt = (hour: number, changes: Partial<PictureWord> = {}): PictureWord => ({
  picture: `picture-${hour}`,
  requestId: `request-${String(hour).padStart(4, '0')}`,
  projectId: 'shop',
  route: 'gated',
  product: PRODUCT,
  floor: 'standard',
  accepted: 0,
  atUs: START_US - 100 * HOUR_US + hour * HOUR_US,
  ...changes,
})

/** A ledger of words, and a clock whose waits end when the test says so. */
function world(words: PictureWord[] = []) {
  const asked: { sinceUs: number }[] = []
  const resets = new Map<string, number>()
  const logged: string[] = []
  let nowUs = START_US
  let fails = false
  let wake: (() => void) | undefined
  const quality: LedgerQuality = {
    words: async (query) => {
      asked.push(query)
      if (fails) throw new Error('the database is away')
      return words.filter(({ atUs }) => atUs >= query.sinceUs)
    },
    gated: async () => [],
    resets: async () => new Map(resets),
    reset: async ({ product, atUs }) => void resets.set(product, atUs),
  }
  const options: QualityFeedOptions = {
    ledger: { quality },
    clock: {
      nowUs: () => nowUs,
      sleep: (_ms, signal) =>
        new Promise((resolve, reject) => {
          wake = resolve
          signal?.addEventListener('abort', () => reject(new Error('stopped')))
        }),
    },
    log: { error: (_fields, message) => logged.push(message) },
    current: () => state,
  }
  return {
    options,
    words,
    asked,
    logged,
    pass: (us: number) => {
      nowUs += us
    },
    fail: (isAway: boolean) => {
      fails = isAway
    },
    /** Let the loop look once more. */
    look: async () => {
      wake?.()
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
    },
  }
}
const state = {
  quality: new Map([[PRODUCT, 1_020]]),
  qualityLevels: new Map([
    ['standard', 1_007],
    ['high', 1_088],
  ]),
  routes: new Map([
    [
      'gated',
      {
        route: 'gated',
        objective: 'cost' as const,
        floor: 'high',
        easyFloor: 'standard',
        maxAttempts: 1,
        retries: 0,
        fallbackOnRefusal: false,
        payTwice: 'never' as const,
        fallback: true,
      },
    ],
  ]),
}

describe('what was said', () => {
  test('before the start counts, as if it had been heard', async () => {
    const feed = await startQualityFeed(world([1, 2, 3].map((hour) => wordAt(hour + 90))).options)
    expect(feed.correctionsFor('shop')?.get(PRODUCT)).toMatchObject({ failsAt: 1_007, rejected: 3 })
    expect(feed.correctionsFor('another')).toBeUndefined()
    await feed.close()
  })

  test('on another node is heard at the next look, and only what is new is read', async () => {
    const made = world()
    const feed = await startQualityFeed(made.options)
    made.words.push(...[1, 2, 3].map((hour) => wordAt(hour, { atUs: START_US + hour })))
    expect(feed.correctionsFor('shop')).toBeUndefined()
    made.pass(5_000_000)
    await made.look()
    expect(feed.correctionsFor('shop')?.get(PRODUCT)?.rejected).toBe(3)
    const [whole, next] = made.asked
    expect(START_US - (whole?.sinceUs ?? 0)).toBe(28 * 24 * HOUR_US)
    expect(START_US - (next?.sinceUs ?? 0)).toBe(60_000_000)
    await feed.close()
  })

  test('fades while nobody reads anything', async () => {
    const made = world([1, 2, 3].map((hour) => wordAt(hour + 97)))
    const feed = await startQualityFeed(made.options)
    const { untilUs = 0 } = feed.correctionsFor('shop')?.get(PRODUCT) ?? {}
    made.pass(untilUs - START_US - 1)
    expect(feed.correctionsFor('shop')?.has(PRODUCT)).toBe(true)
    made.pass(1)
    expect(feed.correctionsFor('shop')).toBeUndefined()
    await feed.close()
  })

  test('is the same object as long as it says the same', async () => {
    const made = world([1, 2, 3].map((hour) => wordAt(hour + 90)))
    const feed = await startQualityFeed(made.options)
    const before = feed.correctionsFor('shop')
    made.words.push(wordAt(5, { product: 'acme/other', accepted: 1, atUs: START_US }))
    await feed.refresh()
    expect(feed.correctionsFor('shop')).toBe(before)
    made.words.push(wordAt(6, { atUs: START_US }))
    await feed.refresh()
    expect(feed.correctionsFor('shop')).not.toBe(before)
    await feed.close()
  })

  test('stays in force while the ledger cannot be read, which is said once', async () => {
    const made = world([1, 2, 3].map((hour) => wordAt(hour + 90)))
    const feed = await startQualityFeed(made.options)
    made.fail(true)
    await expect(feed.refresh()).rejects.toThrow('away')
    for (let look = 0; look < 3; look += 1) await made.look()
    expect(made.logged).toHaveLength(1)
    expect(feed.correctionsFor('shop')?.has(PRODUCT)).toBe(true)
    made.fail(false)
    made.words.push(wordAt(5, { accepted: 1, atUs: START_US }))
    await made.look()
    expect(feed.correctionsFor('shop')).toBeUndefined()
    await feed.close()
  })

  test('is read together by those who wait for the same look, and not before they have written', async () => {
    const made = world()
    const feed = await startQualityFeed(made.options)
    const first = feed.refresh()
    made.words.push(...[1, 2, 3].map((hour) => wordAt(hour, { atUs: START_US })))
    await Promise.all([first, feed.refresh(), feed.refresh()])
    expect(made.asked.length).toBeLessThanOrEqual(3)
    expect(feed.correctionsFor('shop')?.has(PRODUCT)).toBe(true)
    await feed.close()
  })

  test('before a reset counts no more', async () => {
    const made = world([1, 2, 3].map((hour) => wordAt(hour + 90)))
    const feed = await startQualityFeed(made.options)
    await feed.reset(PRODUCT)
    expect(feed.correctionsFor('shop')).toBeUndefined()
    expect(feed.evidence()).toEqual([])
    await feed.close()
  })
})

test('the gate of a route learns from its words alone', async () => {
  const features = gateFeaturesOf(promptFeatures('a red fox in the snow', { operation: 'generate', inputs: [] }))
  const gate = { easy: true, otherwise: 'high', features }
  const words = Array.from({ length: 90 }, (_, hour) => wordAt(hour, { gate }))
  const feed = await startQualityFeed(world(words).options)
  expect(isEasy(feed.gateOf('gated'), features, 0.5)).toBe(false)
  expect(isEasy(feed.gateOf('another'), features, 0.5)).toBe(true)
  await feed.close()
})
