/**
 * The price book and its arithmetic, without I/O, for the rest of Halftone. Read books with `loadPriceBook`, compile them once
 * with `compilePriceBooks`, then quote, rank and settle with the result. Users of the package get `library.ts` instead.
 */
export { compilePriceBooks, type HashedBook } from './compile.ts'
export type { CompiledPrices } from './compiled.ts'
export { ageInDays } from './dates.ts'
export { type JobQuote, quoteJob } from './job.ts'
export { listAmount, shareOut } from './list-price.ts'
export { loadFx, loadPriceBook } from './parse.ts'
export type * from './price-book.ts'
export {
  floorScore,
  loadQualityPriors,
  qualityBounds,
} from './quality.ts'
export { expectedTotal, quoteCandidate, quoteTotals } from './quote.ts'
export { settleCharges } from './settle.ts'
export { rateSummary, STALE_AFTER_DAYS, staleness } from './summary.ts'
export { triesByOffer } from './tries.ts'
export type * from './types.ts'
