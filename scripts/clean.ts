// Removes what a build leaves, so that a packed tarball holds nothing of a deleted source file.
import { rmSync } from 'node:fs'

rmSync('dist', { recursive: true, force: true })
