/** GPUs that `halftone simulate` rents for one model: how they are stated, and what is printed about them. */
import { InvalidArgumentError } from 'commander'
import type { Offer } from '../core/offer.ts'
import { type GpuReplay, type GpuReplayResult, startGpuReplay } from '../core/simulation/gpu-replay.ts'
import type { TraceRow } from '../core/simulation/trace.ts'
import type { Output } from './context.ts'
import { CliError } from './exit.ts'
import { plural, usd } from './format.ts'
import { renderPairs } from './table.ts'

export interface RentedModel {
  /** Model or offer. */
  readonly model: string
  readonly usdPerHour: number
  /** Of one GPU. */
  readonly picturesPerHour: number
}

/** `black-forest-labs/flux.1-schnell=1.40/900`. */
export function gpusOf(text: string): RentedModel {
  const match = /^(.+)=(\d+(?:\.\d{1,9})?)\/(\d+(?:\.\d+)?)$/.exec(text)
  const [, model, price, throughput] = match ?? []
  const picturesPerHour = Number(throughput)
  const usdPerHour = Number(price)
  if (model === undefined || !(usdPerHour > 0 && usdPerHour <= 1_000 && picturesPerHour > 0 && picturesPerHour <= 1e6))
    throw new InvalidArgumentError('Write it as local/model=1.40/900: USD per hour of one GPU, pictures it makes in an hour.')
  return { model, usdPerHour, picturesPerHour }
}

export interface GpuOptions {
  readonly gpus: RentedModel
  readonly mostGpus: number
  readonly gpuStart: number
}

/** Of one picture's time, as a share of it; and of a start. */
const PICTURE_SPREAD = 0.08
const START_SPREAD = 0.5

/** `rows` in the order of time, at least one. Throws when no offer is meant. */
export function replayerOf(
  { gpus: { model, usdPerHour, picturesPerHour }, mostGpus, gpuStart }: GpuOptions,
  offers: readonly Offer[],
  rows: readonly TraceRow[],
): GpuReplay {
  const offer = offers.find((each) => each.id === model || each.model === model)
  if (!offer)
    throw new CliError('usage', `--gpus: no offer is called ${model}.`, {
      remedy: 'Name a model or offer of the policy file; `halftone models` lists those of a gateway.',
    })
  const hourNanoUsd = Math.round(usdPerHour * 1e9)
  return startGpuReplay({
    rented: {
      terms: { hourNanoUsd, picturesPerHour, startUpSeconds: gpuStart, minimumHours: 1, mostGpus },
      startUpSeconds: [gpuStart * (1 - START_SPREAD), gpuStart * (1 + START_SPREAD)],
      spread: PICTURE_SPREAD,
    },
    offer: offer.id,
    firstUs: rows[0]?.atUs ?? 0,
    lastUs: rows.at(-1)?.atUs ?? 0,
  })
}

const usdText = (nano: number): string => (nano / 1e9).toFixed(6)
const rounded = (value: number): number => Math.round(value * 1e4) / 1e4

export const gpuJson = ({ use, requests, pictures, made, withoutNanoUsd, withNanoUsd, late }: GpuReplayResult) => ({
  hours: use.paidHours,
  starts: use.starts,
  cost_usd: usdText(use.nanoUsd),
  busy: rounded(use.busyShare),
  requests,
  images: pictures,
  images_made: made,
  given_back: use.givenBack,
  late,
  without_usd: usdText(withoutNanoUsd),
  with_usd: usdText(withNanoUsd),
})

export function gpuLines(result: GpuReplayResult, out: Output): string[] {
  const { use, requests, pictures, made, withoutNanoUsd, withNanoUsd, late } = result
  const pairs: (readonly [string, string])[] = [
    [
      'Rented GPUs',
      `${plural(use.paidHours, 'hour')} in ${plural(use.starts, 'start')}, ${usd(usdText(use.nanoUsd))}, ${(100 * use.busyShare).toFixed(0)} % busy`,
    ],
    [
      'They make',
      `${made} of ${plural(pictures, 'picture')} (${plural(requests, 'request')} that they could serve), ${late} late`,
    ],
    [
      'These requests',
      `${usd(usdText(withoutNanoUsd))} elsewhere, ${usd(usdText(withNanoUsd))} with GPUs${withoutNanoUsd > 0 ? ` (${signed(withNanoUsd / withoutNanoUsd - 1)})` : ''}`,
    ],
  ]
  return ['', ...renderPairs(pairs, out)]
}

const signed = (share: number): string => `${share > 0 ? '+' : ''}${(100 * share).toFixed(1)} %`
