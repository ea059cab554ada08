/** Pictures for the gallery: drawn here, kept where the gateway keeps what it bought, with thumbnails. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { createDiskBlobStore } from '../../src/blobs/disk.ts'
import { createSpool } from '../../src/blobs/spool.ts'
import { createThumbnailFiles } from '../../src/blobs/thumbnail-files.ts'
import { createThumbnails } from '../../src/compose/thumbnails.ts'
import type { NewAsset } from '../../src/ports/ledger.ts'
import { drawPicture } from '../../src/providers/sandbox/picture.ts'
import { createRandom } from '../../src/providers/sandbox/random.ts'
import { chooseScene } from '../../src/providers/sandbox/scenes/index.ts'
import { spoolBytes } from '../../src/steps/thumbnail.ts'
import { DAY_US } from './calendar.ts'
import { KEPT_DAYS } from './shop.ts'
import type { Story } from './story.ts'

export interface PictureStore {
  /** Draws what the story's calls made and names it in their settles. */
  illustrate(story: Story): Promise<Story>
  readonly drawn: () => number
  close(): Promise<void>
}

export interface PictureOptions {
  readonly dataDir: string
  readonly smallBlobs: 'database' | 'files'
  /** Stops drawing at so many. */
  readonly most: number
}

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

export function openPictures({ dataDir, smallBlobs, most }: PictureOptions): PictureStore {
  const blobs = createDiskBlobStore({ dir: join(dataDir, 'blobs'), smallBlobs })
  const spool = createSpool({ dir: join(dataDir, 'spool') })
  const thumbnails = createThumbnails({
    mode: 'store',
    kept: createThumbnailFiles(join(dataDir, 'thumbnails')),
    blobs,
    log: quiet,
  })
  let drawn = 0

  async function draw(
    story: Story,
    place: { readonly attemptId: string; readonly index: number; readonly model: string },
  ): Promise<NewAsset> {
    const { ask } = story
    const { prompt, size = { width: 1024, height: 1024 } } = ask.template.request
    const seed = createHash('sha256').update(`${place.attemptId} ${place.index}`).digest()
    const words = prompt.toLowerCase().match(/[a-z]+/g) ?? []
    const number = seed.readUInt32BE(0)
    const scene = chooseScene(words, createRandom(number))
    const model = place.model.slice(place.model.indexOf('/') + 1)
    const { data } = await drawPicture({
      model,
      scene,
      words,
      seed: number,
      size,
      format: 'webp',
      compression: 80,
      transparent: false,
      detail: 0.5,
      progress: 1,
    })
    const body = await spoolBytes(spool, data)
    await blobs.put(body)
    await thumbnails.get({ sha256: body.sha256, mediaType: 'image/webp' })
    await body.dispose()
    return {
      id: `img_${seed.subarray(4, 22).toString('base64url')}`,
      role: 'output',
      index: place.index,
      sha256: body.sha256,
      bytes: body.bytes,
      mediaType: 'image/webp',
      ...size,
      expiresUs: ask.atUs + KEPT_DAYS * DAY_US,
    }
  }

  return {
    async illustrate(story) {
      const steps: Story['steps'][number][] = []
      for (const step of story.steps) {
        if (step.kind === 'reserve' || step.command.imagesMade === 0) {
          steps.push(step)
          continue
        }
        const reserved = story.steps.find((each) => each.kind === 'reserve' && each.command.attempt.id === step.command.attemptId)
        const { model, firstImage } = reserved?.kind === 'reserve' ? reserved.command.attempt : { model: '', firstImage: 0 }
        const assets: NewAsset[] = []
        for (let image = 0; image < step.command.imagesMade && drawn < most; image += 1) {
          drawn += 1
          assets.push(await draw(story, { attemptId: step.command.attemptId, index: firstImage + image, model }))
        }
        steps.push({ kind: 'settle', command: { ...step.command, assets } })
      }
      return { ...story, steps }
    },
    drawn: () => drawn,
    async close() {
      await thumbnails.close()
      await spool.close()
      await blobs.close()
    },
  }
}
