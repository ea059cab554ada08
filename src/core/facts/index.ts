export { type FactsLintInput, lintFacts } from './lint.ts'
export { type FactsFile, loadFactsFile } from './parse.ts'
export { factsOf } from './resolve.ts'
