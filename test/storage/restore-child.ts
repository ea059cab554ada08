/** A process that restores a ledger and is gone after so many steps, as by a power cut. */
import { restoringSqlite } from '../../src/storage/dialects/sqlite-restore.ts'

const [dataDir = '', from = '', images = '', after = ''] = process.argv.slice(2)
const steps = restoringSqlite(dataDir, { from, beside: [{ target: 'blobs/small.db', from: images }], nowUs: 7 })
for (let done = 0; done < Number(after); done += 1) steps.next()
process.kill(process.pid, 'SIGKILL')
