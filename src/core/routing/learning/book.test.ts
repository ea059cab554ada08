import { expect, test } from 'vitest'
import { createExperienceBook } from './book.ts'
import { noExperience } from './experience.ts'

const once = { ...noExperience, weight: 1 }
const twice = { ...noExperience, weight: 2 }

test('a place says what was learned after it was asked for', () => {
  const book = createExperienceBook([['one', once]])
  const places = [book.placeOf('one'), book.placeOf('two')]
  expect(places.map(({ experience }) => experience)).toEqual([once, undefined])
  book.set('one', twice)
  book.set('two', once)
  expect(places.map(({ experience }) => experience)).toEqual([twice, once])
  expect(book.placeOf('two')).toBe(places[1])
  expect(book.get('two')).toBe(once)
})

test('who only asks for a name teaches nothing', () => {
  const book = createExperienceBook([['one', once]])
  book.placeOf('two')
  expect(book.get('two')).toBeUndefined()
  expect([...book]).toEqual([['one', once]])
})

test('a copy learns for itself', () => {
  const book = createExperienceBook([['one', once]])
  const copy = createExperienceBook(book)
  copy.set('one', twice)
  expect(book.get('one')).toBe(once)
})
