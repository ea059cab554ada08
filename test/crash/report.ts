/** What a crash run counts. */
export interface CrashReport {
  runs: number
  calls: number
  billedCalls: number
  attempts: number
  kills: number
  startKills: number
  drains: number
  pauses: number
  /** Nodes that had lost their lease and were restarted. */
  restarts: number
  /** Attempts whose provisional charge stands for a crash; and those that evidence resolved after all. */
  unknownByCrash: number
  reconciled: number
  resumedJobs: number
  repeats: number
  replays: number
  /** Where kills hit calls, by how far these had got. */
  readonly hits: Record<Hit, number>
  problems: readonly string[]
}

export type Hit =
  | 'reserved, not sent'
  | 'provider at work'
  | 'answer under way'
  | 'answered, not settled'
  | 'settled, client not told'

export const emptyReport = (): CrashReport => ({
  runs: 0,
  calls: 0,
  billedCalls: 0,
  attempts: 0,
  kills: 0,
  startKills: 0,
  drains: 0,
  pauses: 0,
  restarts: 0,
  unknownByCrash: 0,
  reconciled: 0,
  resumedJobs: 0,
  repeats: 0,
  replays: 0,
  hits: {
    'reserved, not sent': 0,
    'provider at work': 0,
    'answer under way': 0,
    'answered, not settled': 0,
    'settled, client not told': 0,
  },
  problems: [],
})
