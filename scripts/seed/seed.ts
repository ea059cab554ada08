/** Writes a made-up ledger of real offers, prices and decisions into an empty data folder. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDataDir } from '../../src/compose/data.ts'
import { loadFullConfig } from '../../src/compose/offline.ts'
import { buildState } from '../../src/compose/state.ts'
import type { Config } from '../../src/config/index.ts'
import { HalftoneError } from '../../src/core/error.ts'
import { keepBooks } from '../../src/gateway/rerate.ts'
import type { Ledger } from '../../src/ports/ledger.ts'
import { hashKey } from '../../src/server/key-ring.ts'
import { openPostgresLedger } from '../../src/storage/index.ts'
import { systemClock } from '../../src/system-clock.ts'
import { openBulkLedger } from './bulk-ledger.ts'
import { type Calendar, createCalendar, DAY_US } from './calendar.ts'
import { postCorrections } from './corrections.ts'
import { createDecisions } from './decisions.ts'
import { openPictures, type PictureStore } from './pictures.ts'
import { budgetsFor, configText, keysOf, lotsFor, projects, SEED_NODE, SEED_TAGS } from './shop.ts'
import { type Story, type StoryContext, tell } from './story.ts'
import { asks } from './traffic.ts'
import { type Written, writeStories } from './write.ts'

export interface SeedOptions {
  readonly requests: number
  readonly days: number
  /** The same seed, numbers and `untilUs` give the same ledger, but for the ids of its charges. */
  readonly seed: number
  /** Configuration, ledger and pictures; made if missing. */
  readonly dataDir: string
  /** The ledger is there instead of in `dataDir`. */
  readonly databaseUrl?: string
  /** Pictures for the gallery, at most. */
  readonly images: number
  /** The last hour of the ledger ends here or before. */
  readonly untilUs: number
  readonly onProgress?: (requests: number) => void
}

export interface SeedReport extends Written {
  readonly corrected: number
  readonly pictures: number
  readonly configFile: string
}

/** Throws `conflict` when the ledger holds requests already; nothing is changed then. */
export async function seedLedger(options: SeedOptions): Promise<SeedReport> {
  const calendar = createCalendar(options.days, options.untilUs)
  await openDataDir(options.dataDir)
  const config = await configure(options, calendar)
  const configFile = join(options.dataDir, 'halftone.yaml')
  const ledger = await open(config)
  let pictures: PictureStore | undefined
  try {
    await refuseUsed(ledger)
    await writeFile(configFile, configText(calendar))
    const smallBlobs = options.databaseUrl === undefined ? 'database' : 'files'
    pictures = openPictures({ dataDir: options.dataDir, smallBlobs, most: options.images })
    const report = await fill(options, { calendar, config, ledger, pictures })
    return { ...report, configFile }
  } finally {
    await pictures?.close()
    await ledger.close()
  }
}

/** As `halftone serve` reads it; the file is written once the ledger is known to be empty. */
async function configure({ dataDir, databaseUrl }: SeedOptions, calendar: Calendar): Promise<Config> {
  const folder = await mkdtemp(join(tmpdir(), 'halftone-seed-'))
  try {
    const file = join(folder, 'halftone.yaml')
    await writeFile(file, configText(calendar))
    const env = { HALFTONE_DATA_DIR: dataDir, ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }) }
    const { config } = await loadFullConfig({ env, flags: { config: file }, cwd: dataDir })
    return config
  } finally {
    await rm(folder, { recursive: true })
  }
}

function open({ storage, declaredTags }: Config): Promise<Ledger> {
  const options = { now: () => systemClock.nowUs(), declaredTags }
  const url = storage.databaseUrl?.reveal()
  return url === undefined ? openBulkLedger({ ...options, dataDir: storage.dataDir }) : openPostgresLedger({ ...options, url })
}

async function refuseUsed(ledger: Ledger): Promise<void> {
  const { rows } = await ledger.read.requests({ limit: 1 })
  if (rows.length === 0) return
  throw new HalftoneError('conflict', 'This ledger holds requests already; seed an empty data folder or database.')
}

interface Opened {
  readonly calendar: Calendar
  readonly config: Config
  readonly ledger: Ledger
  readonly pictures: PictureStore
}

async function fill(options: SeedOptions, opened: Opened): Promise<Omit<SeedReport, 'configFile'>> {
  const { calendar, config, ledger, pictures } = opened
  const state = await buildState(config, systemClock)
  await keepBooks({ ledger, nowUs: () => calendar.startUs }, state.priceSet)
  await furnish(options, opened)
  const { epoch } = await ledger.openNode({ nodeId: SEED_NODE, leaseMs: DAY_US / 1_000 })
  const owner = { nodeId: SEED_NODE, epoch }
  const decisions = createDecisions(state)
  const context: StoryContext = { seed: options.seed, state, calendar, decisions, owner, waitsForGood: oneOf(7) }
  let unserved = 0
  const stories = storiesOf(options, context, pictures, () => {
    unserved += 1
  })
  const written = await writeStories({
    ledger,
    stories,
    async onDay(atUs) {
      await ledger.commitments.closeLots({ atUs: Math.min(atUs, calendar.endUs) })
    },
  })
  if (unserved > 0)
    throw new HalftoneError('internal_error', `${unserved} requests of the seed had no offer that could serve them.`)
  const corrected = await postCorrections(ledger, { endUs: calendar.endUs, every: 400, most: 50 })
  await ledger.closeNode(owner)
  await Promise.all([...state.providers.values()].map((provider) => provider.close()))
  return { ...written, corrected, pictures: pictures.drawn() }
}

async function furnish({ requests }: SeedOptions, { calendar, ledger }: Opened): Promise<void> {
  for (const project of projects) await ledger.admin.putProject(project)
  for (const [projectId, ids] of Object.entries(keysOf)) {
    for (const id of ids) {
      const key = { id, name: id, hash: hashKey(`seed:${id}`), prefix: 'ht-seeded', role: 'inference', projectId } as const
      await ledger.admin.createKey({ ...key, tags: SEED_TAGS, createdUs: calendar.startUs, managedBy: 'api' })
    }
  }
  for (const budget of budgetsFor(requests, calendar)) await ledger.admin.putBudget(budget)
  await ledger.commitments.putLots(lotsFor(requests, calendar))
}

/** True the first time and every `count`th time after it: a small ledger has one whatever the hour it was seeded in. */
function oneOf(count: number): () => boolean {
  let asked = 0
  return () => asked++ % count === 0
}

/** The newest ones have pictures: those that a gallery shows first. */
async function* storiesOf(
  { seed, requests, images, onProgress }: SeedOptions,
  context: StoryContext,
  pictures: PictureStore,
  onUnserved: () => void,
): AsyncGenerator<Story> {
  const last: Story[] = []
  for (const ask of asks(seed, requests, context.calendar)) {
    if (ask.index % 1_000 === 0) onProgress?.(ask.index)
    const story = tell(context, ask)
    if (!story) onUnserved()
    else if (ask.index >= requests - images) last.push(story)
    else yield story
  }
  const pictured = newestWithin(last, images)
  for (const story of last) yield pictured.has(story) ? await pictures.illustrate(story) : story
}

/** The newest stories whose pictures are so many at most. */
function newestWithin(stories: readonly Story[], most: number): ReadonlySet<Story> {
  const chosen = new Set<Story>()
  let left = most
  for (const story of stories.toReversed()) {
    const made = story.steps.reduce((sum, step) => sum + (step.kind === 'settle' ? step.command.imagesMade : 0), 0)
    if (made > left) continue
    left -= made
    chosen.add(story)
  }
  return chosen
}
