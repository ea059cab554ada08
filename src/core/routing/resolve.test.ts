import { expect, test } from 'vitest'
import { offerOf, policyOf } from '../../../test/support/routing.ts'
import { HalftoneError } from '../error.ts'
import { type ModelCatalogue, resolveModel } from './resolve.ts'

const catalogue: ModelCatalogue = {
  offers: [
    offerOf('one', 'fox'),
    offerOf('two', 'fox'),
    offerOf('one', 'owl', { id: 'one:acme/owl@eu', region: 'eu' }),
    offerOf('one', 'acme/same'),
    offerOf('one', 'rival/same'),
    offerOf('one', 'old', { retiredAt: '2026-05-12', replacedBy: 'acme/fox' }),
    offerOf('one', 'leaving', { retiredAt: '2027-01-01' }),
  ],
  routes: new Map([
    ['auto', policyOf()],
    ['thumbnails', policyOf({ route: 'thumbnails' })],
  ]),
  aliases: new Map([
    ['legacy', 'acme/fox@low'],
    ['pinned', 'two:acme/fox'],
    ['cheap', 'thumbnails'],
  ]),
  direct: policyOf({ route: 'direct' }),
  today: '2026-11-22',
}

const good: [name: string, route: string, offers?: string[], quality?: string][] = [
  ['thumbnails', 'thumbnails'],
  ['acme/fox', 'direct', ['one:acme/fox', 'two:acme/fox']],
  ['fox', 'direct', ['one:acme/fox', 'two:acme/fox']],
  ['two:acme/fox', 'direct', ['two:acme/fox']],
  ['one:acme/owl@eu', 'direct', ['one:acme/owl@eu']],
  ['acme/fox@high', 'direct', ['one:acme/fox', 'two:acme/fox'], 'high'],
  ['legacy', 'direct', ['one:acme/fox', 'two:acme/fox'], 'low'],
  ['pinned', 'direct', ['two:acme/fox']],
  ['cheap', 'thumbnails'],
  ['leaving', 'direct', ['one:acme/leaving']],
]

test.each(good)('%s is served by %s %j', (name, route, offers, quality) => {
  const policy = resolveModel(name, catalogue)
  expect(policy.route).toBe(route)
  expect(policy.filter?.offers).toEqual(offers)
  expect(policy.filter?.quality).toBe(quality)
})

const bad: [name: string, code: string, says: RegExp][] = [
  ['fxo', 'model_not_found', /acme\/fox/],
  ['nothing-like-it-at-all', 'model_not_found', /GET \/v1\/models/],
  ['same', 'model_ambiguous', /acme\/same.*rival\/same/],
  ['old', 'model_retired', /2026-05-12.*acme\/fox/],
  ['three:acme/fox', 'model_not_found', /one:acme\/fox/],
]

test.each(bad)('%s is refused as %s', (name, code, says) => {
  const error = catchError(() => resolveModel(name, catalogue))
  expect(error.code).toBe(code)
  expect(error.param).toBe('model')
  expect(error.message).toMatch(says)
})

function catchError(work: () => unknown): HalftoneError {
  try {
    work()
  } catch (error) {
    if (error instanceof HalftoneError) return error
  }
  throw new Error('no HalftoneError was thrown')
}
