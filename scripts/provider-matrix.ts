/** What providers can do and how sure each thing is: cells named once, shown by fixtures, printed as a matrix. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Capabilities } from '../src/core/capability.ts'
import type { ProviderConfig } from '../src/providers/provider-config.ts'

/**
 * How sure a wire format is: the call was held against the stored specification (`spec`), the vendor's own SDK talks to the
 * double (`sdk`), official documentation (`documented`), or none of them (`assumed`). The surest first.
 */
export const marks = ['spec', 'sdk', 'documented', 'assumed'] as const
export type Mark = (typeof marks)[number]

/** What a provider may be able to do, as the generated matrix lists it. */
export const cells = [
  'generate',
  'edit',
  'mask',
  'outpaint',
  'variation',
  'upscale',
  'remove_background',
  'control',
  'stream',
  'async',
  'cancel',
  'reported_cost',
  'refusal',
] as const
export type Cell = (typeof cells)[number]

/** What the capabilities of offers promise. */
export function claimedCells(capabilities: readonly Capabilities[]): ReadonlySet<Cell> {
  const claims = capabilities.flatMap((each): Cell[] => [
    ...each.operations,
    ...(each.mask ? (['mask'] as const) : []),
    ...(each.parameters.includes('outpaint') ? (['outpaint'] as const) : []),
    ...(each.controls?.length ? (['control'] as const) : []),
    ...(each.maxPartialImages ? (['stream'] as const) : []),
    ...(each.asyncJobs ? (['async'] as const) : []),
    ...(each.asyncJobs && each.cancelStopsBilling ? (['cancel'] as const) : []),
  ])
  return new Set(claims)
}

export const fixturesFolder = join(import.meta.dirname, '../test/fixtures/providers')

export const fixtureNames = (type: string, root = fixturesFolder): readonly string[] => {
  const folder = join(root, type)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json') && !name.startsWith('_'))
    .map((name) => name.slice(0, -'.json'.length))
    .sort()
}

/** How the account of a codec's tests is configured, where it needs more than a key: `_account.json` beside its fixtures. */
export function testAccount(type: string, root = fixturesFolder): Partial<ProviderConfig> {
  const path = join(root, type, '_account.json')
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Partial<ProviderConfig>) : {}
}

/** The surest mark of each cell that a provider's fixtures show. */
export function provenCells(type: string): ReadonlyMap<Cell, Mark> {
  const proven = new Map<Cell, Mark>()
  for (const name of fixtureNames(type)) {
    const text = readFileSync(join(fixturesFolder, type, `${name}.json`), 'utf8')
    const { proves = [], mark } = JSON.parse(text) as { readonly proves?: readonly Cell[]; readonly mark?: Mark }
    if (mark === undefined) continue
    for (const cell of proves) {
      const before = proven.get(cell)
      if (before === undefined || marks.indexOf(mark) < marks.indexOf(before)) proven.set(cell, mark)
    }
  }
  return proven
}
