// Preloaded: names every module that is loaded, on standard error, so that a test can see what a command costs at start.
import { registerHooks } from 'node:module'

registerHooks({
  load(url, context, nextLoad) {
    process.stderr.write(`load ${url}\n`)
    return nextLoad(url, context)
  },
})
