/** Loaded before a system under test, so that the bench can ask it for a garbage collection. Needs `--expose-gc`. */
process.on('SIGUSR2', () => {
  const collect = globalThis.gc
  void collect?.()
})
