/** Experience by its names (`experienceKeys`), in memory. */
import type { Experience } from './experience.ts'

/** The experience of one name; another object whenever something was learned. */
export interface Place {
  readonly experience: Experience | undefined
}

export interface ExperienceView extends Iterable<readonly [key: string, experience: Experience]> {
  get(key: string): Experience | undefined
  /** Where the experience of a name stands, now and later: who looks at hundreds of names again and again asks once for each. */
  placeOf(key: string): Place
}

export interface ExperienceBook extends ExperienceView {
  set(key: string, experience: Experience): void
}

export function createExperienceBook(known: Iterable<readonly [string, Experience]> = []): ExperienceBook {
  const places = new Map<string, { experience: Experience | undefined }>()
  const placeOf = (key: string): { experience: Experience | undefined } => {
    const known = places.get(key)
    if (known) return known
    const place = { experience: undefined }
    places.set(key, place)
    return place
  }
  const book: ExperienceBook = {
    get: (key) => places.get(key)?.experience,
    placeOf,
    set(key, experience) {
      placeOf(key).experience = experience
    },
    *[Symbol.iterator]() {
      for (const [key, { experience }] of places) if (experience) yield [key, experience]
    },
  }
  for (const [key, experience] of known) book.set(key, experience)
  return book
}
