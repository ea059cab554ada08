import { mkdtemp, rename, rm, stat, symlink, unlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type LoadOptions, loadConfig } from './load.ts'
import { ConfigError } from './problem.ts'
import { type ConfigWatcher, type Reload, watchConfig } from './watch.ts'

let cwd: string
let file: string
let watcher: ConfigWatcher | undefined
let seen: Reload[]
let wake: () => void

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'halftone-watch-'))
  file = join(cwd, 'halftone.yaml')
  seen = []
  wake = () => {}
})
afterEach(async () => {
  await watcher?.close()
  watcher = undefined
  await rm(cwd, { recursive: true, force: true })
})

async function start(yaml: string | undefined, options: Partial<LoadOptions> = {}): Promise<ConfigWatcher> {
  if (yaml !== undefined) await writeFile(file, yaml)
  const load: LoadOptions = { env: {}, cwd, ...options }
  watcher = watchConfig({
    load,
    loaded: await loadConfig(load),
    times: { everyMs: 20, settleMs: 20 },
    onReload: (reload) => {
      seen.push(reload)
      wake()
    },
  })
  await watcher.ready()
  return watcher
}

/** The `count`-th reload that was reported. */
async function reported(count: number): Promise<Reload> {
  while (seen.length < count) await new Promise<void>((resolve) => (wake = resolve))
  return seen[count - 1]!
}

const levelOf = (current: ConfigWatcher): string => current.current().config.log.level

describe('a changed file', () => {
  test('written in place becomes the new snapshot', async () => {
    const current = await start('log: {level: info}\n')
    await writeFile(file, 'log: {level: warn}\n')
    expect(await reported(1)).toMatchObject({ kind: 'changed', needRestart: [] })
    expect(levelOf(current)).toBe('warn')
  })

  test('replaced by renaming, twice, is seen both times', async () => {
    const current = await start('log: {level: info}\n')
    for (const [index, level] of ['warn', 'error'].entries()) {
      await writeFile(join(cwd, 'next'), `log: {level: ${level}}\n`)
      await rename(join(cwd, 'next'), file)
      await reported(index + 1)
      expect(levelOf(current)).toBe(level)
    }
  })

  test('that keeps the times of the one before is seen, as deployments with fixed times do', async () => {
    const current = await start('log: {level: info}\n')
    const { atime, mtime } = await stat(file)
    await writeFile(join(cwd, 'next'), 'log: {level: warn}\n')
    await utimes(join(cwd, 'next'), atime, mtime)
    await rename(join(cwd, 'next'), file)
    await reported(1)
    expect(levelOf(current)).toBe('warn')
  })

  test('is seen whenever it is written after the start, also before the watch is ready', async () => {
    const load: LoadOptions = { env: {}, cwd }
    await writeFile(file, 'log: {level: info}\n')
    const loaded = await loadConfig(load)
    const told: Promise<Reload>[] = []
    const watchers = Array.from({ length: 50 }, () => {
      let tell: (reload: Reload) => void = () => {}
      told.push(new Promise((resolve) => (tell = resolve)))
      return watchConfig({ load, loaded, times: { everyMs: 20, settleMs: 20 }, onReload: (reload) => tell(reload) })
    })
    await writeFile(file, 'log: {level: loud}\n')
    for (const reload of await Promise.all(told)) expect(reload.kind).toBe('failed')
    await Promise.all(watchers.map(({ close }) => close()))
  })

  test('behind a link that is switched is seen', async () => {
    for (const level of ['info', 'warn']) await writeFile(join(cwd, level), `log: {level: ${level}}\n`)
    await symlink('info', join(cwd, '..data'))
    await symlink('..data', file)
    const current = await start(undefined)
    expect(levelOf(current)).toBe('info')
    await symlink('warn', join(cwd, 'next'))
    await rename(join(cwd, 'next'), join(cwd, '..data'))
    await reported(1)
    expect(levelOf(current)).toBe('warn')
  })

  test('that appears where none was is read', async () => {
    const current = await start(undefined)
    await writeFile(file, 'log: {level: warn}\n')
    await reported(1)
    expect(levelOf(current)).toBe('warn')
  })
})

describe('a bad file', () => {
  test('changes nothing, is reported, and the next good one is taken', async () => {
    const current = await start('log: {level: info}\nmaxUsdPerDay: 1\n')
    const before = current.current()
    await writeFile(file, 'log: {level: warn}\nmaxUsdPerDay: lots\n')
    const failed = await reported(1)
    expect(failed.kind === 'failed' && failed.error).toBeInstanceOf(ConfigError)
    expect(current.current()).toBe(before)
    await writeFile(file, 'log: {level: error}\nmaxUsdPerDay: 2\n')
    expect((await reported(2)).kind).toBe('changed')
    expect(levelOf(current)).toBe('error')
    expect(current.current().config.budgets[0]?.limitNanoUsd).toBe(2_000_000_000n)
  })

  test('mended back to what is in force ends the failure', async () => {
    const current = await start('log: {level: warn}\n')
    await writeFile(file, 'log: {level: loud}\n')
    await reported(1)
    await writeFile(file, 'log: {level: warn}\n')
    expect((await reported(2)).kind).toBe('unchanged')
    expect(levelOf(current)).toBe('warn')
  })

  test('that disappears keeps the last configuration', async () => {
    const current = await start('log: {level: warn}\n')
    await unlink(file)
    const failed = await reported(1)
    expect(failed.kind === 'failed' && String(failed.error)).toContain('halftone.yaml: is gone')
    expect(levelOf(current)).toBe('warn')
  })

  test('is reported once, not at every look', async () => {
    const current = await start('log: {level: info}\n')
    await writeFile(file, 'log: {level: loud}\n')
    await reported(1)
    expect((await current.reload()).kind).toBe('failed')
    expect(seen).toHaveLength(1)
  })
})

describe('reload on demand', () => {
  test('of the same content is unchanged; of another secret it is not', async () => {
    const env: Record<string, string> = { K: 'one' }
    const current = await start('providers: {openai: {apiKey: "${K}"}}\n', { env })
    expect((await current.reload()).kind).toBe('unchanged')
    env['K'] = 'two'
    expect((await current.reload()).kind).toBe('changed')
    expect(current.current().config.providers['openai']?.apiKey?.reveal()).toBe('two')
  })

  test('keys that need a restart keep their running values and are named once', async () => {
    const current = await start('log: {level: info}\n')
    const { config } = current.current()
    await watcher?.close()
    await writeFile(
      file,
      'server: {host: 0.0.0.0, port: 1, drainSeconds: 5}\nstorage: {dataDir: x, databaseUrl: "postgres://u:p@h/d"}\n',
    )
    const reload = await current.reload()
    expect(reload).toMatchObject({
      kind: 'changed',
      needRestart: ['server.host', 'server.port', 'storage.dataDir', 'storage.databaseUrl'],
    })
    const now = current.current().config
    expect(now.server).toEqual({ ...config.server, drainSeconds: 5 })
    expect(now.storage).toEqual(config.storage)
    expect(Object.isFrozen(now) && Object.isFrozen(now.server) && Object.isFrozen(now.storage)).toBe(true)
    expect((await current.reload()).kind).toBe('unchanged')
  })
})
