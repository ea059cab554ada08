/**
 * A gateway that says over its channel how much CPU time all its threads took so far, and for how long its event loop was busy at a stretch
 * since it was last asked: by the clock, and by the CPU time of its thread. CPU time does not grow when the machine has other work as well.
 */
import { main } from '../../src/cli/main.ts'

/** How often it looks. */
const EVERY_MS = 2

let lastMs = performance.now()
let lastCpuMs = cpuMs()
let longest = { ms: 0, cpuMs: 0 }

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

setInterval(() => {
  const [nowMs, nowCpuMs] = [performance.now(), cpuMs()]
  longest = { ms: Math.max(longest.ms, nowMs - lastMs - EVERY_MS), cpuMs: Math.max(longest.cpuMs, nowCpuMs - lastCpuMs) }
  lastMs = nowMs
  lastCpuMs = nowCpuMs
}, EVERY_MS).unref()

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ ...longest, totalCpuMs: (user + system) / 1_000, memoryMb: process.memoryUsage.rss() / 2 ** 20 })
  longest = { ms: 0, cpuMs: 0 }
})
process.channel?.unref()

process.exitCode = await main(process.argv.slice(2))
