import { ToggleGroup } from 'radix-ui'
import type { ReactNode } from 'react'

export interface Choice<Value extends string> {
  readonly value: Value
  readonly label: ReactNode
}

/** A few choices of which one stands. Arrow keys move; the pressed one stays pressed. */
export function Segmented<Value extends string>(props: {
  readonly label: string
  readonly choices: readonly Choice<Value>[]
  readonly value: Value
  readonly onChange: (value: Value) => void
}) {
  return (
    <ToggleGroup.Root
      type="single"
      className="segmented"
      aria-label={props.label}
      value={props.value}
      onValueChange={(next) => {
        const chosen = props.choices.find(({ value }) => value === next)
        if (chosen) props.onChange(chosen.value)
      }}
    >
      {props.choices.map((choice) => (
        <ToggleGroup.Item key={choice.value} value={choice.value} className="num">
          {choice.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  )
}
