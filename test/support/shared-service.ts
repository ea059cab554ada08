import { inject, type ProvidedContext } from 'vitest'

/** What the run's service of this kind answers: how it is reached. The first question of a run starts it (seconds). */
export async function sharedService(broker: keyof ProvidedContext): Promise<string> {
  const answer = await fetch(inject(broker))
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return text
}
