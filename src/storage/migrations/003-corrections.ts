/** An adjusting charge names the charge that it corrects. */
import type { ColumnType } from './ddl.ts'

export const correctionColumns = {
  charges: { corrects: 'text?' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, ColumnType>>>>
