/** Child process: the gateway as `halftone serve` starts it, from the build that is shipped. */
type Composition = typeof import('../../src/compose.ts')
type Collector = typeof import('../../src/tune-collector.ts')

// The build's own types are those of the sources.
const { tuneCollector } = (await import(new URL('../../dist/tune-collector.js', import.meta.url).href)) as Collector
tuneCollector()
const { startHalftone } = (await import(new URL('../../dist/compose.js', import.meta.url).href)) as Composition
const halftone = await startHalftone({ env: process.env, cwd: process.cwd() })
process.on('SIGTERM', () => {
  void halftone.close().then(() => process.exit(0))
})
process.send?.(Number(new URL(halftone.url).port))
