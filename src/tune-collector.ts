import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Where the young generation stops growing. V8's own bound is four times this on a machine with much memory. */
const MOST_YOUNG_BYTES = 32 * 1024 * 1024

/**
 * For the process that is the gateway, before it has done anything. Measured in docs/decisions/2026-11-22-collector.md.
 *
 * Image bytes live outside the JavaScript heap, and for every 64 MiB of them that pass through V8 marks the whole heap anew;
 * counted as part of one limit they cause a collection when the sum has grown.
 */
export function tuneCollector(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit')
  boundYoungGeneration()
}

/**
 * Thousands of requests that arrive at once and wait survive collection, which V8 takes as a reason to double the young generation;
 * it never shrinks while they wait. The size itself can only be set on the command line, how it grows at any time.
 */
function boundYoungGeneration(): void {
  const observer = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')
    if (!young || young.space_size < MOST_YOUNG_BYTES) return
    setFlagsFromString('--semi-space-growth-factor=1')
    observer.disconnect()
  })
  observer.observe({ entryTypes: ['gc'] })
}
