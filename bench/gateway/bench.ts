/** The two ends of every measurement: the upstream double and the load generator, on the core that the systems do not have. */
import { join } from 'node:path'
import { startChild } from './child.ts'
import type { AnswerPlan, LoadPlan, LoadResult, UpstreamReport } from './messages.ts'
import type { Scenario } from './scenarios.ts'
import { type System, type SystemName, startSystem } from './systems.ts'

const SYSTEM_CORE = 0
const ENDS_CORE = 1

export interface Bench {
  start(name: SystemName): Promise<System>
  /** How the upstream answers from now on. */
  plan(answers: AnswerPlan): Promise<void>
  /** Resolves when a gated plan has all its requests. */
  gathered(): Promise<void>
  load(system: System, scenario: Scenario, count: number): Promise<LoadResult>
  close(): Promise<void>
}

export async function openBench(folder: string, halftoneFlags: readonly string[]): Promise<Bench> {
  const upstream = startChild({ script: './upstream.ts', core: ENDS_CORE })
  const client = startChild({ script: './load.ts', core: ENDS_CORE })
  const listening = await upstream.next<UpstreamReport>()
  if (listening.kind !== 'listening') throw new Error('the upstream double did not start')
  const upstreamPort = listening.port
  let starts = 0
  return {
    start(name) {
      starts += 1
      return startSystem(name, {
        upstreamPort,
        core: SYSTEM_CORE,
        folder: join(folder, `${name}-${starts}`),
        nodeOptions: name === 'halftone' ? halftoneFlags : [],
      })
    },
    async plan(answers) {
      upstream.send(answers)
      await upstream.next<UpstreamReport>()
    },
    async gathered() {
      await upstream.next<UpstreamReport>()
    },
    async load(system, { path, body, answerBytes, concurrency }, count) {
      const plan: LoadPlan = {
        port: system.port,
        path,
        headers: system.headers,
        count,
        concurrency: Math.min(concurrency, count),
        body,
        // What the upstream's own wrapping leaves for the picture.
        answerBytes: Math.floor(answerBytes * 0.995) - 512,
      }
      client.send(plan)
      const result = await client.next<LoadResult>()
      if (result.failures.length > 0) {
        console.error(
          `${system.name}: ${result.failures.length} of ${count} failed: ${[...new Set(result.failures)].slice(0, 3).join('; ')}`,
        )
      }
      return result
    },
    async close() {
      await client.stop()
      await upstream.stop()
    },
  }
}
