/**
 * How long a decision takes: `plan()` over 200 candidates with their prices. Prints the machine and the figures; exits with 1 when the target is missed.
 */
import { cpus, totalmem } from 'node:os'
import { measureDeciding } from './routing/deciding.ts'
import { decidingLine, isQuick } from './routing/report.ts'

const [cpu] = cpus()
console.log(`${cpu?.model ?? 'unknown CPU'} x ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`)
const figures = measureDeciding()
console.log(decidingLine(figures))
process.exitCode = isQuick(figures) ? 0 : 1
