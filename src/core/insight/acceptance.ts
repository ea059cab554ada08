/** What an accepted picture costs, and how much of what was made anybody rated. */
import type { NanoUsd } from '../money.ts'

export interface Rated {
  readonly images: number
  readonly costNanoUsd: NanoUsd
  /** Thousandths of a word. */
  readonly accepted: number
  readonly rejected: number
}

export interface AcceptanceFigures {
  /** Pictures nobody said anything about, in thousandths. */
  readonly unrated: number
  /** Rated share of the pictures; null: no pictures. */
  readonly coverage: number | null
  /** Accepted share of what was rated; null: nothing was. */
  readonly share: number | null
  /** Cost / (images x accepted / rated): what was not rated is taken to be as good; null: nothing accepted. */
  readonly costPerAcceptedNanoUsd: NanoUsd | null
}

export function acceptanceOf({ images, costNanoUsd, accepted, rejected }: Rated): AcceptanceFigures {
  const rated = accepted + rejected
  return {
    unrated: Math.max(0, images * 1_000 - rated),
    coverage: images > 0 ? rated / 1_000 / images : null,
    share: rated > 0 ? accepted / rated : null,
    costPerAcceptedNanoUsd:
      accepted > 0 && images > 0 ? (costNanoUsd * BigInt(rated)) / (BigInt(images) * BigInt(accepted)) : null,
  }
}
