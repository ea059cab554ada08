export * from './attempts.ts'
export * from './breaker.ts'
export * from './candidate.ts'
export * from './consistency.ts'
export { cutOutRequest } from './cut-out.ts'
export { type Explored, explore } from './explore.ts'
export { isBelowFloor, qualityScoreOf } from './floor.ts'
export * from './frontier.ts'
export {
  earnHedge,
  type HedgeAllowance,
  type Hedging,
  mayHedge,
  type RunningCall,
  spendHedge,
} from './hedge.ts'
export * from './in-use.ts'
export { createExperienceBook, type ExperienceBook, type ExperienceView } from './learning/book.ts'
export { experienceKeys } from './learning/class.ts'
export { type Experience, noExperience, reduceExperience } from './learning/experience.ts'
export { type SeedRow, seedExperience } from './learning/seed.ts'
export * from './observe.ts'
export * from './plan.ts'
export { createPlanMemo, type PlanMemo } from './plan-memo.ts'
export * from './relax.ts'
export * from './resolve.ts'
export type { Score } from './score.ts'
export type * from './types.ts'
