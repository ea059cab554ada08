#!/usr/bin/env node
// Plain JavaScript that any Node can read: it looks at the runtime before anything that needs a newer one is loaded.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const NEEDED = [22, 18]
const version = process.versions.node
const parts = version.split('.').map(Number)

if (parts[0] < NEEDED[0] || (parts[0] === NEEDED[0] && parts[1] < NEEDED[1])) {
  const inCheckout = existsSync(new URL('../src', import.meta.url))
  const remedy = inCheckout ? 'use npm start or npx halftone here' : 'npx -p node@24 -p halftone halftone'
  console.error(`halftone needs Node ${NEEDED.join('.')} or newer and this is ${version}: ${remedy}, or install Node 24`)
  process.exit(1)
}

const main = new URL('../dist/cli/main.js', import.meta.url)
if (!existsSync(main)) {
  console.error(`halftone is not built (${fileURLToPath(main)} is missing): run npm run build first`)
  process.exit(1)
}

import(main.href)
  .then((cli) => cli.main(process.argv.slice(2)))
  .then((exitCode) => {
    if (typeof exitCode === 'number') process.exitCode = exitCode
  })
  .catch((error) => {
    console.error(error)
    process.exitCode = 1
  })
