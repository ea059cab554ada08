import { expect, it } from 'vitest'
import { codeParts, worded } from './words.ts'

it.each([
  ['prepaidCredits', 'prepaid credits'],
  ['minimum_spend', 'minimum spend'],
  ['plan', 'plan'],
])('the name %s reads as words', (name, words) => expect(worded(name)).toBe(words))

it('what stands between backticks is code, and no text is lost', () => {
  expect(codeParts('run `halftone doctor` now')).toEqual([
    { code: false, text: 'run ' },
    { code: true, text: 'halftone doctor' },
    { code: false, text: ' now' },
  ])
  expect(codeParts('plain <b>text</b>')).toEqual([{ code: false, text: 'plain <b>text</b>' }])
})
