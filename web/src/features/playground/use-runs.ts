import { useEffect, useRef, useState } from 'react'
import { call } from '../../api/client.ts'
import type { Body } from '../../api/paths.ts'
import type { Run } from './result-panel.tsx'

export interface Order {
  readonly target: string
  readonly body: Body<'createImage'>
  /** What it was expected to cost when the button was pressed. */
  readonly quotedUsd: string | undefined
}

/** A run of one target, with what was promised. */
export interface TargetRun {
  readonly run: Run
  readonly quotedUsd: string | undefined
}

/** Runs the orders side by side; each ends by itself. Leaving the page does not stop them: what is paid for is kept. */
export function useRuns(): { readonly runs: ReadonlyMap<string, TargetRun>; readonly make: (orders: readonly Order[]) => void } {
  const [runs, setRuns] = useState<ReadonlyMap<string, TargetRun>>(new Map())
  const mounted = useRef(true)
  useEffect(() => {
    mounted.current = true
    return () => {
      mounted.current = false
    }
  }, [])
  const put = (target: string, run: TargetRun) => {
    if (mounted.current) setRuns((known) => new Map(known).set(target, run))
  }
  const makeOne = async ({ target, body, quotedUsd }: Order) => {
    const abort = new AbortController()
    const began = performance.now()
    const { n, size } = body
    const stop = () => abort.abort()
    put(target, { quotedUsd, run: { kind: 'running', startedAt: Date.now(), n: n ?? 1, size: size ?? undefined, stop } })
    const run = await call('createImage', { body, signal: abort.signal }).then(
      (answer): Run => ({ kind: 'made', prompt: body.prompt, answer, tookMs: performance.now() - began }),
      (error): Run => (abort.signal.aborted ? { kind: 'stopped' } : { kind: 'failed', error }),
    )
    put(target, { quotedUsd, run })
  }
  const make = (orders: readonly Order[]) => {
    setRuns(new Map())
    for (const order of orders) void makeOne(order)
  }
  return { runs, make }
}
