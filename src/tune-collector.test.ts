import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

/** Most megabytes the young generation had while half a million objects, first in one go as modules are loaded, stayed alive. */
async function mostYoungMegabytes(prepare: string): Promise<number> {
  const script = `
    import { getHeapSpaceStatistics } from 'node:v8'
    import { setImmediate as turn } from 'node:timers/promises'
    import { tuneCollector } from ${JSON.stringify(new URL('./tune-collector.ts', import.meta.url).href)}
    ${prepare}
    const kept = []
    let most = 0
    while (kept.length < 500_000) {
      for (let count = 0; count < 1_000; count += 1) kept.push({ count, list: [count, kept.length], text: 'x' + count })
      if (kept.length > 250_000) await turn()
      most = Math.max(most, getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size)
    }
    console.log(most / 2 ** 20)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
  return Number(stdout)
}

test('the young generation stays small while modules are loaded and a flood of requests waits, and would not by itself', async () => {
  const [tuned, untuned] = await Promise.all([mostYoungMegabytes('tuneCollector()'), mostYoungMegabytes('')])
  expect(tuned).toBeLessThanOrEqual(32)
  expect(untuned).toBeGreaterThan(tuned)
})
