import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, describe, expect, test } from 'vitest'
import { bombPng, bytesOf, photo, spoolOf, stepContract } from '../../test/contracts/step.ts'
import { createSpool } from '../blobs/spool.ts'
import type { FinishingStep } from '../core/finishing.ts'
import { finish } from './finish.ts'
import { steps } from './index.ts'
import { decodeProbe } from './probe-image.ts'
import { makeThumbnail, thumbnail } from './thumbnail.ts'
import { type BackgroundThumbnailJob, createThumbnailer } from './thumbnailer.ts'

const dir = mkdtempSync(join(tmpdir(), 'halftone-steps-'))
const spool = createSpool({ dir })
afterAll(() => rmSync(dir, { recursive: true }))
const io = { spool, signal: new AbortController().signal }

stepContract(thumbnail, {})
const to = (format: 'png' | 'jpeg' | 'webp', quality?: number): FinishingStep => ({
  kind: 'convert',
  format,
  ...(quality !== undefined && { quality }),
})
stepContract(finish, { steps: [to('png')] })
stepContract(finish, { steps: [to('jpeg')] })
stepContract(finish, { steps: [{ kind: 'flatten' }, to('webp', 50)] })

const isStep = (value: unknown): value is { id: string } =>
  typeof value === 'object' && value !== null && 'id' in value && 'run' in value

test('the registry holds exactly the steps of the folder, each under its file name', async () => {
  const files = readdirSync(import.meta.dirname).filter((name) => /^[a-z-]+\.ts$/.test(name) && name !== 'index.ts')
  expect(files.length).toBeGreaterThan(3)
  const found = new Map<string, unknown>()
  for (const file of files) {
    const exported: unknown[] = Object.values(await import(/* @vite-ignore */ `./${file}`))
    for (const step of exported.filter(isStep)) {
      expect(`${step.id}.ts`).toBe(file)
      found.set(step.id, step)
    }
  }
  expect(Object.fromEntries(found)).toEqual(steps)
})

describe('thumbnail', () => {
  test.each([
    [1600, 800, 320, 160],
    [800, 1600, 160, 320],
    [100, 50, 100, 50],
  ])('of %dx%d is %dx%d', async (width, height, expectedWidth, expectedHeight) => {
    const body = await spoolOf(spool, await photo('jpeg', width, height))
    const made = await makeThumbnail(body.open())
    expect([made.width, made.height]).toEqual([expectedWidth, expectedHeight])
    expect((await sharp(made.bytes).metadata()).format).toBe('webp')
  })

  test('keeps transparency', async () => {
    const clear = await sharp({ create: { width: 50, height: 50, channels: 4, background: '#00000000' } })
      .png()
      .toBuffer()
    const made = await makeThumbnail((await spoolOf(spool, clear)).open())
    expect((await sharp(made.bytes).stats()).isOpaque).toBe(false)
  })
})

describe('finish', () => {
  test.each(['png', 'jpeg', 'webp'] as const)('%s to itself keeps the very bytes', async (format) => {
    const body = await spoolOf(spool, await photo(format))
    const output = await finish.run({ body, mediaType: 'image/x' }, { steps: [{ kind: 'flatten' }, to(format, 10)] }, io)
    expect(output.body).toBe(body)
  })

  test('a transparent picture becomes a jpeg on white', async () => {
    const clear = await sharp({ create: { width: 8, height: 8, channels: 4, background: '#00000000' } })
      .png()
      .toBuffer()
    const output = await finish.run({ body: await spoolOf(spool, clear), mediaType: 'image/png' }, { steps: [to('jpeg')] }, io)
    const pixels = await sharp(await bytesOf(output.body))
      .raw()
      .toBuffer()
    expect(pixels.every((value) => value > 250)).toBe(true)
  })

  test('an animation is refused rather than cut to its first frame', async () => {
    const frames = await Promise.all(
      ['#f00', '#0f0'].map((background) =>
        sharp({ create: { width: 8, height: 8, channels: 3, background } })
          .png()
          .toBuffer(),
      ),
    )
    const gif = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer()
    const body = await spoolOf(spool, gif)
    await expect(finish.run({ body, mediaType: 'image/gif' }, { steps: [to('png')] }, io)).rejects.toMatchObject({
      code: 'invalid_image',
    })
  })
})

describe('finish: sizes', () => {
  const left = { create: { width: 100, height: 100, channels: 3, background: '#f00' } } as const
  /** 200x100: red on the left, blue on the right. */
  const halves = async () =>
    sharp({ create: { width: 200, height: 100, channels: 3, background: '#00f' } })
      .composite([{ input: await sharp(left).png().toBuffer(), left: 0, top: 0 }])
      .removeAlpha()
      .png()
      .toBuffer()
  const resize = (width: number, height: number, more: object): FinishingStep => ({
    kind: 'resize',
    size: { width, height },
    fit: 'cover',
    ...more,
  })
  const run = async (bytes: Uint8Array, ...steps: FinishingStep[]) => {
    const output = await finish.run({ body: await spoolOf(spool, bytes), mediaType: 'image/png' }, { steps }, io)
    const { data, info } = await sharp(await bytesOf(output.body))
      .raw()
      .toBuffer({ resolveWithObject: true })
    const at = (x: number, y: number) => [
      ...data.subarray((y * info.width + x) * info.channels, (y * info.width + x + 1) * info.channels),
    ]
    return { output, at, info }
  }

  test('cover fills the size and cuts the sides', async () => {
    const { output, at } = await run(await halves(), resize(50, 50, { fit: 'cover' }))
    expect(output.size).toEqual({ width: 50, height: 50 })
    expect([at(5, 25), at(45, 25)]).toEqual([
      [255, 0, 0],
      [0, 0, 255],
    ])
  })

  test('contain keeps the whole picture on white', async () => {
    const { output, at } = await run(await halves(), resize(100, 100, { fit: 'contain' }))
    expect(output.size).toEqual({ width: 100, height: 100 })
    expect([at(50, 5), at(5, 50), at(95, 50)]).toEqual([
      [255, 255, 255],
      [255, 0, 0],
      [0, 0, 255],
    ])
  })

  test('enlarges only as much as its step allows', async () => {
    const { output } = await run(await halves(), resize(400, 200, { fit: 'fill', enlarge: 2 }))
    expect(output.size).toEqual({ width: 400, height: 200 })
    await expect(run(await halves(), resize(400, 200, { fit: 'cover' }))).rejects.toMatchObject({ code: 'invalid_image' })
    await expect(run(await halves(), resize(800, 400, { fit: 'fill', enlarge: 2 }))).rejects.toMatchObject({
      code: 'invalid_image',
    })
  })

  test('flatten puts what is transparent on white and keeps the format', async () => {
    const clear = await sharp({ create: { width: 8, height: 8, channels: 4, background: '#00000000' } })
      .png()
      .toBuffer()
    const { output, at, info } = await run(clear, { kind: 'flatten' })
    expect([output.format, info.channels, at(0, 0)]).toEqual(['png', 3, [255, 255, 255]])
  })
})

describe('decodeProbe', () => {
  test('tells format, size, transparency and frames', async () => {
    const body = await spoolOf(spool, await photo('webp', 120, 80))
    expect(await decodeProbe(body)).toEqual({ format: 'webp', width: 120, height: 80, hasAlpha: false, frames: 1 })
  })

  test('refuses more pixels than allowed from the header alone', async () => {
    await expect(decodeProbe(await spoolOf(spool, await bombPng()))).rejects.toMatchObject({ code: 'image_too_large' })
    const body = await spoolOf(spool, await photo('png', 101, 100))
    await expect(decodeProbe(body, { maxPixels: 10_000 })).rejects.toMatchObject({ code: 'image_too_large' })
  })

  test.each(['png', 'jpeg', 'webp'] as const)('finds a %s that is cut short when it decodes', async (format) => {
    const whole = await photo(format)
    const body = await spoolOf(spool, whole.subarray(0, Math.floor(whole.byteLength / 2)))
    await expect(decodeProbe(body, { decode: true })).rejects.toMatchObject({ code: 'invalid_image' })
    expect((await decodeProbe(await spoolOf(spool, whole), { decode: true })).format).toBe(format)
  })
})

describe('thumbnailer', () => {
  async function jobs(count: number) {
    const image = await photo('png', 400, 400)
    const log: string[] = []
    const list = Array.from(
      { length: count },
      (_, index): BackgroundThumbnailJob => ({
        id: `asset-${index}`,
        async *open() {
          log.push(`open ${index}`)
          yield index === 1 ? Buffer.from('broken') : image
        },
        store: async ({ width }) => void log.push(`store ${index} ${width}`),
        failed: (error) => void log.push(`failed ${index} ${(error as { code?: string }).code}`),
      }),
    )
    return { list, log }
  }

  test('makes them one after the other, and a broken one does not stop the next', async () => {
    const { list, log } = await jobs(3)
    const thumbnailer = createThumbnailer({ concurrency: 1, maxQueue: 10 })
    expect(list.map((job) => thumbnailer.submit(job))).toEqual(['queued', 'queued', 'queued'])
    while (log.length < 6) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(log).toEqual(['open 0', 'store 0 320', 'open 1', 'failed 1 invalid_image', 'open 2', 'store 2 320'])
    await thumbnailer.close()
  })

  test('defers when its queue is full, and takes the same asset once', async () => {
    const { list } = await jobs(4)
    const thumbnailer = createThumbnailer({ concurrency: 1, maxQueue: 2 })
    expect(list.map((job) => thumbnailer.submit(job))).toEqual(['queued', 'queued', 'queued', 'deferred'])
    expect(thumbnailer.submit(list[2]!)).toBe('queued')
    expect(thumbnailer.waiting).toBe(2)
    await thumbnailer.close()
    expect(thumbnailer.submit(list[3]!)).toBe('deferred')
  })

  test('rests while jobs keep coming, except for someone who waits', async () => {
    const { list, log } = await jobs(4)
    const thumbnailer = createThumbnailer({ restMs: 100 })
    const turns = [list[0]!, list[2]!, list[0]!, list[2]!, list[0]!]
    for (const job of turns) {
      thumbnailer.submit(job)
      await new Promise((resolve) => setTimeout(resolve, 40))
    }
    await thumbnailer.make(list[3]!)
    expect(log).toEqual(['open 3'])
    while (log.length < 5) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(log).toEqual(['open 3', 'open 0', 'store 0 320', 'open 2', 'store 2 320'])
    await thumbnailer.close()
  })

  test('someone who waits goes before the background, and shares one run with others', async () => {
    const { list, log } = await jobs(4)
    const thumbnailer = createThumbnailer({ concurrency: 1, maxQueue: 10 })
    thumbnailer.submit(list[0]!)
    thumbnailer.submit(list[2]!)
    const [one, two] = await Promise.all([thumbnailer.make(list[3]!), thumbnailer.make(list[3]!)])
    expect(one).toBe(two)
    while (!log.includes('store 2 320')) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(log.filter((entry) => entry.startsWith('open'))).toEqual(['open 0', 'open 3', 'open 2'])
    await thumbnailer.close()
  })

  test('closing finishes what runs and turns away what waits', async () => {
    const { list, log } = await jobs(4)
    const thumbnailer = createThumbnailer({ concurrency: 1 })
    thumbnailer.submit(list[0]!)
    const waiting = thumbnailer.make(list[2]!)
    const turnedAway = expect(waiting).rejects.toMatchObject({ code: 'draining' })
    await thumbnailer.close()
    await turnedAway
    expect(log).toEqual(['open 0', 'store 0 320'])
    await expect(thumbnailer.make(list[3]!)).rejects.toMatchObject({ code: 'overloaded' })
  })
})
