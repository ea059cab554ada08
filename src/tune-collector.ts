import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Of the young generation, both halves. V8's own bound is four times this on a machine with much memory. */
const YOUNG_BYTES = 32 * 1024 * 1024
/** What survives grows it; this many steps of the loop below are far more than it takes. */
const MOST_STEPS = 200
const OBJECTS_A_STEP = 10_000

/**
 * For the process that is the gateway, before it has done anything. Measured in docs/decisions/2026-11-22-collector.md.
 *
 * Image bytes live outside the JavaScript heap, and for every 64 MiB of them that pass through V8 marks the whole heap anew;
 * counted as part of one limit they cause a collection when the sum has grown.
 */
export function tuneCollector(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit')
  fixYoungGeneration()
}

/**
 * Modules that are loaded, and thousands of requests that arrive at once and wait, survive collection, which V8 takes as a reason to
 * double the young generation; it never shrinks while they wait. The size itself can only be set on the command line. How it grows
 * can be set at any time, so it is brought to its size here, before anything else can, and stays there.
 */
function fixYoungGeneration(): void {
  const kept: object[] = []
  for (let step = 0; step < MOST_STEPS && youngBytes() < YOUNG_BYTES; step += 1)
    for (let index = 0; index < OBJECTS_A_STEP; index += 1) kept.push([index])
  setFlagsFromString('--semi-space-growth-factor=1')
}

const youngBytes = (): number =>
  getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')?.space_size ?? Infinity
