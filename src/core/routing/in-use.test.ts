import { expect, test } from 'vitest'
import { mostUsed } from './in-use.ts'

const use = (offer: string, quality: string, images: number) => ({ offer, quality, images })

test.each([
  { rule: 'nothing made, nothing in use', uses: [], expected: undefined },
  { rule: 'attempts that made no image are no use', uses: [use('a', '', 0)], expected: undefined },
  {
    rule: 'rows of one offer and quality add up, whatever their outcome',
    uses: [use('a', 'low', 4), use('b', '', 5), use('a', 'low', 2)],
    expected: use('a', 'low', 6),
  },
  {
    rule: 'two quality tiers are two products',
    uses: [use('a', 'low', 4), use('a', 'high', 4), use('b', '', 5)],
    expected: use('b', '', 5),
  },
  { rule: 'of equals always the same', uses: [use('b', '', 3), use('a', '', 3)], expected: use('a', '', 3) },
])('$rule', ({ uses, expected }) => {
  expect(mostUsed(uses)).toEqual(expected)
})
