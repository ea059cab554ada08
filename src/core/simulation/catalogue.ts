/** The deployments that can be bought in the simulated world. Partly invented: enough of each kind of price, lane and quality. */

export interface DeploymentTerms {
  readonly provider: string
  readonly model: string
  /** Public rating on the Arena scale, as policies know it. */
  readonly quality: number
  readonly edits: boolean
  /** USD per picture of 1024x1024. */
  readonly price: number
  /** USD per picture of 2048x2048; absent: it does not make them. */
  readonly price2k?: number
  readonly medianMs: number
  /** Of the logarithm of the latency. */
  readonly spread: number
  readonly batch: boolean
  readonly refusalsBilled: boolean
  /** Volume tiers of the month: pictures from which the price is this factor of the list price. */
  readonly tiers?: {
    readonly mode: 'graduated' | 'volume'
    readonly steps: readonly { readonly from: number; readonly factor: number }[]
  }
  /** Days from the start of the month. */
  readonly fromDay?: number
  readonly untilDay?: number
}

/** Default tiers of the reference: 10 % off from 100,000 pictures, 20 % from 500,000, 40 % from 5 million. */
const standardTiers = {
  mode: 'graduated',
  steps: [
    { from: 0, factor: 1 },
    { from: 100_000, factor: 0.9 },
    { from: 500_000, factor: 0.8 },
    { from: 5_000_000, factor: 0.6 },
  ],
} as const

const cliff = (...steps: readonly (readonly [from: number, factor: number])[]) =>
  ({ mode: 'volume', steps: [{ from: 0, factor: 1 }, ...steps.map(([from, factor]) => ({ from, factor }))] }) as const

export const catalogue: readonly DeploymentTerms[] = [
  {
    provider: 'north',
    model: 'north/spark',
    quality: 1030,
    edits: false,
    price: 0.002,
    medianMs: 2_600,
    spread: 0.32,
    batch: true,
    refusalsBilled: false,
  },
  {
    provider: 'south',
    model: 'south/dash',
    quality: 1042,
    edits: false,
    price: 0.0023,
    medianMs: 1_900,
    spread: 0.3,
    batch: false,
    refusalsBilled: true,
    untilDay: 20,
  },
  {
    provider: 'north',
    model: 'north/canvas',
    quality: 1105,
    edits: true,
    price: 0.0046,
    medianMs: 4_400,
    spread: 0.3,
    batch: true,
    refusalsBilled: false,
  },
  {
    provider: 'east',
    model: 'east/frame',
    quality: 1100,
    edits: true,
    price: 0.0048,
    medianMs: 4_000,
    spread: 0.3,
    batch: true,
    refusalsBilled: true,
    tiers: cliff([150_000, 0.85], [600_000, 0.7]),
  },
  {
    provider: 'south',
    model: 'south/retouch',
    quality: 1172,
    edits: true,
    price: 0.0115,
    medianMs: 6_000,
    spread: 0.26,
    batch: false,
    refusalsBilled: true,
    tiers: standardTiers,
  },
  {
    provider: 'west',
    model: 'west/retouch',
    quality: 1185,
    edits: true,
    price: 0.0118,
    medianMs: 5_600,
    spread: 0.28,
    batch: true,
    refusalsBilled: false,
  },
  {
    provider: 'north',
    model: 'north/studio',
    quality: 1192,
    edits: true,
    price: 0.022,
    price2k: 0.0285,
    medianMs: 11_000,
    spread: 0.3,
    batch: false,
    refusalsBilled: false,
  },
  {
    provider: 'middle',
    model: 'middle/campaign',
    quality: 1186,
    edits: false,
    price: 0.021,
    price2k: 0.0292,
    medianMs: 14_000,
    spread: 0.3,
    batch: false,
    refusalsBilled: true,
    tiers: cliff([60_000, 0.9], [200_000, 0.8]),
  },
  {
    provider: 'middle',
    model: 'middle/lettering',
    quality: 1291,
    edits: true,
    price: 0.045,
    price2k: 0.058,
    medianMs: 21_000,
    spread: 0.28,
    batch: false,
    refusalsBilled: true,
  },
  {
    provider: 'east',
    model: 'east/grand',
    quality: 1300,
    edits: true,
    price: 0.052,
    price2k: 0.066,
    medianMs: 17_000,
    spread: 0.3,
    batch: false,
    refusalsBilled: true,
  },
  {
    provider: 'west',
    model: 'west/poster',
    quality: 1287,
    edits: false,
    price: 0.05,
    price2k: 0.0605,
    medianMs: 24_000,
    spread: 0.26,
    batch: false,
    refusalsBilled: false,
  },
  {
    provider: 'far',
    model: 'far/novel',
    quality: 1098,
    edits: true,
    price: 0.0021,
    medianMs: 3_600,
    spread: 0.32,
    batch: false,
    refusalsBilled: false,
    fromDay: 15,
  },
]

/** Of the account at this provider at least so much is paid for the month, per picture of the month's volume. */
export const minimumSpend = { provider: 'west', usdPerPicture: 0.0012 } as const
