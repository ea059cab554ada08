import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface Entry {
  readonly version?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
const lock: Readonly<Record<string, Entry>> = read('package-lock.json').packages

test('every direct dependency is pinned to one version', () => {
  const manifests = [read('package.json'), read('web/package.json')]
  const pins = manifests.flatMap(({ dependencies, devDependencies }) => Object.entries({ ...dependencies, ...devDependencies }))
  expect(pins.length).toBeGreaterThan(40)
  expect(pins.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(version)))).toEqual([])
})

test('the lock has the binaries of every platform, so that npm ci accepts it on each (scripts/complete-lockfile.mjs)', () => {
  const wanted = Object.entries(lock).flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {}).map(
      (name) => [`${path}/node_modules/${name}`, `node_modules/${name}`] as const,
    ),
  )
  expect(wanted.length).toBeGreaterThan(50)
  expect(wanted.filter((places) => !places.some((place) => place in lock))).toEqual([])
})

test('the lock names no registry', () => {
  expect(Object.values(lock).filter((entry) => entry.resolved && !entry.link)).toEqual([])
})

test('the whole tree has one Vite, of the generation that npm 10 can install', () => {
  const versions = Object.entries(lock).filter(([path]) => path.endsWith('node_modules/vite'))
  expect(versions.map(([, entry]) => entry.version?.split('.')[0])).toEqual(['7'])
})
