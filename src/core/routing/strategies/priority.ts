/** As the route lists them, by position; what it does not list follows, cheapest first. */
import { namesOf, rankedBy, type Strategy } from './strategy.ts'

export const priority: Strategy = (candidates, { order }) =>
  rankedBy(candidates, (entry) => {
    const position = order.findIndex((name) => namesOf(entry).includes(name))
    return position === -1 ? order.length : position
  })
