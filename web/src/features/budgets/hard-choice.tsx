import { useId } from 'react'

const choices = [
  {
    hard: true,
    label: 'Hard: refuse at the limit',
    text: 'What a call can cost at most is reserved before it is sent, so the limit is never passed. What does not fit is refused.',
  },
  {
    hard: false,
    label: 'Soft: only tell',
    text: 'Requests go on beyond the limit. Answers carry a warning, alerts are sent, and routes may choose what is cheaper.',
  },
] as const

export function HardChoice({ hard, onChange }: { hard: boolean; onChange: (hard: boolean) => void }) {
  const id = useId()
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 font-medium">At the limit</legend>
      {choices.map((choice) => (
        <label key={choice.label} className="choice-card" htmlFor={`${id}-${choice.hard}`}>
          <input
            id={`${id}-${choice.hard}`}
            type="radio"
            name={`${id}-hard`}
            className="mt-1 size-4 accent-ink"
            checked={hard === choice.hard}
            onChange={() => onChange(choice.hard)}
          />
          <span>
            <span className="font-medium">{choice.label}</span>
            <span className="label block">{choice.text}</span>
          </span>
        </label>
      ))}
    </fieldset>
  )
}
