/** The workloads: shares, floors, deadlines and rhythm (reference: routing benchmark, 5.1). */
import {
  backgroundPrompt,
  draftPrompt,
  editPrompt,
  letteringPrompt,
  marketingPrompt,
  type SimulatedPrompt,
  thumbnailPrompt,
} from './prompts.ts'

export interface RequestClass {
  readonly id: string
  readonly workload: 'thumbnails' | 'drafts' | 'marketing' | 'edits'
  /** Of all pictures of the month. */
  readonly share: number
  /** Arena scale. Hard prompts of thumbnails have a floor of their own. */
  readonly floor: number
  readonly hardFloor?: number
  readonly deadlineMs: number
  readonly interactive: boolean
  readonly operation: 'generate' | 'edit'
  readonly edge: 1024 | 2048
  /** Pictures per request, from and to. */
  readonly pictures: readonly [least: number, most: number]
  /** Share of requests that repeat the prompt before. */
  readonly repeats: number
  readonly prompt: (random: () => number) => SimulatedPrompt
}

const HOUR_MS = 3_600_000

export const classes: readonly RequestClass[] = [
  {
    id: 'thumbnails',
    workload: 'thumbnails',
    share: 0.45,
    floor: 1000,
    hardFloor: 1070,
    deadlineMs: 24 * HOUR_MS,
    interactive: false,
    operation: 'generate',
    edge: 1024,
    pictures: [4, 8],
    repeats: 0,
    prompt: thumbnailPrompt,
  },
  {
    id: 'drafts',
    workload: 'drafts',
    share: 0.15,
    floor: 1000,
    deadlineMs: 12_000,
    interactive: true,
    operation: 'generate',
    edge: 1024,
    pictures: [1, 1],
    repeats: 0.22,
    prompt: draftPrompt,
  },
  {
    id: 'marketing',
    workload: 'marketing',
    share: 0.09,
    floor: 1150,
    deadlineMs: 60_000,
    interactive: true,
    operation: 'generate',
    edge: 2048,
    pictures: [1, 1],
    repeats: 0,
    prompt: marketingPrompt,
  },
  {
    id: 'lettering',
    workload: 'marketing',
    share: 0.06,
    floor: 1250,
    deadlineMs: 60_000,
    interactive: true,
    operation: 'generate',
    edge: 2048,
    pictures: [1, 1],
    repeats: 0,
    prompt: letteringPrompt,
  },
  {
    id: 'edits',
    workload: 'edits',
    share: 1 / 6,
    floor: 1140,
    deadlineMs: 15_000,
    interactive: true,
    operation: 'edit',
    edge: 1024,
    pictures: [1, 1],
    repeats: 0,
    prompt: editPrompt,
  },
  {
    id: 'backgrounds',
    workload: 'edits',
    share: 1 / 12,
    floor: 1060,
    deadlineMs: 12_000,
    interactive: true,
    operation: 'edit',
    edge: 1024,
    pictures: [1, 1],
    repeats: 0,
    prompt: backgroundPrompt,
  },
]

/** How much of a week's work falls into this hour, with mean 1 over the week; `hourOfWeek` from Monday 00:00 UTC. */
export function rhythm({ interactive }: RequestClass, hourOfWeek: number): number {
  const day = Math.floor(hourOfWeek / 24)
  const hour = hourOfWeek % 24
  const weekend = day >= 5
  // People work by day; catalogues are made by jobs that start in the evening.
  if (interactive) return (weekend ? 0.45 : 1.22) * (1 + 0.85 * Math.sin(((hour - 8) / 24) * 2 * Math.PI))
  return (weekend ? 0.5 : 1.2) * (hour >= 18 || hour < 4 ? 1.9 : 0.357)
}
