/**
 * Prompts of the simulated workloads, composed from a small vocabulary. A prompt is hard for one of the reasons that public prompt sets
 * name (counting, relations of objects, bound attributes, negation, unusual scenes); the label is the world's and never shown to a policy.
 */

export interface SimulatedPrompt {
  readonly text: string
  readonly hard: boolean
}

const subjects = {
  animals: ['cat', 'dog', 'horse', 'rabbit', 'fox', 'bear', 'owl', 'penguin', 'turtle', 'zebra'],
  food: ['pizza', 'burger', 'cake', 'salad', 'sandwich', 'pancake', 'soup', 'cookie', 'coffee', 'cheese'],
  vehicles: ['car', 'truck', 'bus', 'train', 'bicycle', 'motorcycle', 'boat', 'tractor', 'scooter', 'helicopter'],
  people: ['woman', 'man', 'child', 'boy', 'girl', 'doctor', 'chef', 'dancer', 'teacher', 'farmer'],
  artifacts: ['chair', 'lamp', 'clock', 'backpack', 'vase', 'umbrella', 'guitar', 'mug', 'dress', 'camera'],
  outdoor: ['mountain', 'beach', 'lake', 'waterfall', 'forest', 'castle', 'bridge', 'village', 'cliff', 'garden'],
} as const
type Theme = keyof typeof subjects
const themes = Object.keys(subjects) as Theme[]

const looks = ['studio photo of a', 'close shot of a', 'a photo of a', 'a', 'clean picture of a', 'a simple drawing of a']
const colours = ['red', 'blue', 'green', 'yellow', 'purple', 'white', 'black', 'orange', 'pink', 'brown']
const counts = ['two', 'three', 'four', 'five', 'six', 'seven']
const settings = ['on a plain background', 'in soft light', 'on a wooden table', 'at sunset', 'in the morning', '']
const relations = ['to the left of', 'to the right of', 'on top of', 'under', 'behind', 'in front of']
const slogans = [
  'SUMMER SALE',
  'OPEN DAY',
  'NEW IN',
  'FRESH EVERY DAY',
  'THANK YOU',
  'GRAND OPENING',
  'LIVE TONIGHT',
  'BIG IDEAS',
]

type Random = () => number
const pick = <Item>(random: Random, items: readonly [Item, ...Item[]] | readonly Item[]): Item =>
  items[Math.floor(random() * items.length)] as Item

/** Share of hard prompts that look plain, and of plain ones that look elaborate: no reading of the text can tell these. */
const MISLEADING = 0.03

export function thumbnailPrompt(random: Random): SimulatedPrompt {
  const hard = random() < 1 / 3
  const looksHard = random() < MISLEADING ? !hard : hard
  return { text: looksHard ? elaborate(random) : plain(random), hard }
}

export const draftPrompt = (random: Random): SimulatedPrompt => ({
  text: random() < 0.3 ? elaborate(random) : plain(random),
  hard: false,
})

export const marketingPrompt = (random: Random): SimulatedPrompt => ({
  text: `${plain(random)}, detailed campaign picture for a ${pick(random, colours)} brand, ${pick(random, settings)}`,
  hard: false,
})

export const letteringPrompt = (random: Random): SimulatedPrompt => ({
  text: `a poster with a ${pick(random, subjects[pick(random, themes)])} that says "${pick(random, slogans)}" in ${pick(random, colours)} letters`,
  hard: false,
})

export const editPrompt = (random: Random): SimulatedPrompt => ({
  text: `put the ${pick(random, subjects[pick(random, ['artifacts', 'food', 'people', 'artifacts'] as const)])} into a ${pick(random, colours)} ${pick(random, ['kitchen', 'office', 'garden', 'street', 'studio'])}`,
  hard: false,
})

export const backgroundPrompt = (random: Random): SimulatedPrompt => ({
  text: `replace the background of the ${pick(random, subjects[pick(random, ['artifacts', 'food', 'people', 'artifacts'] as const)])} with plain ${pick(random, colours)}`,
  hard: false,
})

function plain(random: Random): string {
  const text = `${pick(random, looks)} ${pick(random, subjects[pick(random, themes)])} ${pick(random, settings)}`.trim()
  // Long is not hard: a quarter is dressed up with words that any model can draw.
  return random() < 0.75
    ? text
    : `${text}, ${pick(random, colours)} tones, ${pick(random, settings)}, detailed, cinematic light, ${pick(random, colours)} accents`
}

function elaborate(random: Random): string {
  const one = (): string => pick(random, subjects[pick(random, themes)])
  const coloured = (): string => `a ${pick(random, colours)} ${one()}`
  // Short is not easy.
  if (random() < 0.15) return random() < 0.5 ? `${pick(random, counts)} ${one()}s` : `a ${one()} without a ${one()}`
  switch (Math.floor(random() * 5)) {
    case 0:
      return `${pick(random, counts)} ${one()}s and ${pick(random, counts)} ${one()}s ${pick(random, settings)}`.trim()
    case 1:
      return `${coloured()} ${pick(random, relations)} ${coloured()} ${pick(random, settings)}`.trim()
    case 2:
      return `${coloured()}, ${coloured()} and ${coloured()}, the first larger than the second`
    case 3:
      return `a ${one()} with ${pick(random, counts)} ${one()}s but without any ${one()} near it`
    default:
      return `${pick(random, counts)} ${pick(random, colours)} ${one()}s ${pick(random, relations)} ${coloured()}, no ${one()} in the background`
  }
}
