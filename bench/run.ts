/**
 * Every benchmark, or those named: `npm run bench`, `npm run bench -- gateway`; what follows `--` goes to the one named.
 * Exits with 1 when one of them missed a target.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const all = ['pricing', 'plan', 'ledger', 'decision', 'routing', 'gateway', 'insight', 'reads', 'dashboard']
const args = process.argv.slice(2)
const named = args.filter((arg) => all.includes(arg))
const options = args.filter((arg) => !all.includes(arg))
const missed = (named.length > 0 ? named : all).filter((name) => {
  console.log(`\n=== ${name}`)
  const script = fileURLToPath(new URL(`./${name}.ts`, import.meta.url))
  return spawnSync(process.execPath, [script, ...(named.length === 1 ? options : [])], { stdio: 'inherit' }).status !== 0
})
if (missed.length > 0) console.error(`\nmissed: ${missed.join(', ')}`)
process.exitCode = missed.length > 0 ? 1 : 0
