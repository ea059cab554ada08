/** How well chances were told: the mean squared error of what was expected, beside that of always saying the mean. */

export interface Calibration {
  /** Brier score. */
  readonly model: number
  readonly constant: number
  readonly expected: number
  readonly observed: number
}

export interface CalibrationLog {
  /** A chance that was told, and whether the thing came about. */
  add(chance: number, happened: boolean): void
  result(): Calibration
}

export function createCalibration(): CalibrationLog {
  let count = 0
  let squares = 0
  let told = 0
  let happenings = 0
  return {
    add(chance, happened) {
      const outcome = happened ? 1 : 0
      count += 1
      told += chance
      happenings += outcome
      squares += (chance - outcome) ** 2
    },
    result() {
      const times = Math.max(1, count)
      const observed = happenings / times
      return { model: squares / times, constant: observed * (1 - observed), expected: told / times, observed }
    },
  }
}
