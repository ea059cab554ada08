import { describe, expect, it } from 'vitest'
import { idBehind, nameOf, namesOf, noNames, scopeText } from './names.ts'

const names = namesOf(
  [
    { id: 'k1', name: 'web' },
    { id: 'k2', name: 'web' },
    { id: 'k3', name: 'k3' },
  ],
  [
    { id: 'p1', name: 'Shop' },
    { id: 'p2', name: 'p1' },
  ],
)

describe('names', () => {
  it.each([
    ['key', 'k1', 'web (k1)'],
    ['key', 'k2', 'web (k2)'],
    ['key', 'k3', 'k3'],
    ['project', 'p1', 'Shop'],
    ['project', 'p2', 'p1 (p2)'],
    ['project', 'gone', undefined],
    ['model', 'p1', undefined],
  ])('a name means one key or project: %s %s', (dimension, id, name) => {
    expect(nameOf(names, dimension, id)).toBe(name)
  })

  it.each([
    [{ scope: 'global', scope_value: '' }, 'The whole gateway'],
    [{ scope: 'project', scope_value: 'p1' }, 'Project Shop'],
    [{ scope: 'key', scope_value: 'gone' }, 'Key gone'],
    [{ scope: 'customer', scope_value: 'p1' }, 'Customer p1'],
    [{ scope: 'tag', scope_value: 'team=a' }, 'Tag team=a'],
  ])('a budget is called by what it limits: %o', (budget, text) => expect(scopeText(budget, names)).toBe(text))

  it('an id stands behind a name only where the two differ', () => {
    expect(idBehind({ scope: 'project', scope_value: 'p1' }, names)).toBe('p1')
    expect(idBehind({ scope: 'key', scope_value: 'k3' }, names)).toBeUndefined()
    expect(idBehind({ scope: 'project', scope_value: 'p1' }, noNames)).toBeUndefined()
  })
})
