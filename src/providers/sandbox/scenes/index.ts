/** Scenes by name, and the words of a prompt that ask for one. */
import type { Random } from '../random.ts'
import type { Scene } from '../svg.ts'
import { city } from './city.ts'
import { garden } from './garden.ts'
import { mountains } from './mountains.ts'
import { planets } from './planets.ts'
import { sea } from './sea.ts'
import { stillLife } from './still-life.ts'

export const scenes = { mountains, sea, city, garden, planets, stillLife } satisfies Record<string, Scene>
export type SceneName = keyof typeof scenes

const sceneWords: Readonly<Record<SceneName, string>> = {
  mountains:
    'mountain mountains hill hills forest valley landscape alps tree trees wood woods cabin wolf fox deer bear canyon snow',
  sea: 'sea ocean water wave waves beach boat ship sail island lake river fish whale harbour harbor coast lighthouse',
  city: 'city town street skyline building buildings tower house houses urban neon car train bridge robot cyberpunk',
  garden:
    'flower flowers garden rose plant plants leaf leaves botanical tulip sunflower bee butterfly bird meadow spring bouquet',
  planets:
    'planet planets space galaxy moon star stars orbit abstract logo icon pattern geometric circle sphere rocket astronaut',
  stillLife:
    'vase bottle cup mug fruit apple pear oranges lemon product still table bowl food coffee shoe chair lamp candle perfume',
}

const byWord = new Map<string, SceneName>(
  (Object.entries(sceneWords) as [SceneName, string][]).flatMap(([scene, words]) =>
    words.split(' ').map((word) => [word, scene] as const),
  ),
)

/** The first word that asks for a scene decides; else the seed does. */
export function chooseScene(words: readonly string[], random: Random): SceneName {
  const fallback = random.pick<SceneName>(['mountains', 'sea', 'city', 'garden', 'planets', 'stillLife'])
  for (const word of words) {
    const scene = byWord.get(word)
    if (scene) return scene
  }
  return fallback
}
