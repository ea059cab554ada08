import { Tabs as Radix } from 'radix-ui'
import type { ReactNode } from 'react'

export interface Tab<Name extends string> {
  readonly name: Name
  readonly label: ReactNode
  readonly content: ReactNode
}

/** Views of one thing; the chosen one belongs into the URL. Only the open view is rendered. */
export function Tabs<Name extends string>(props: {
  readonly label: string
  readonly tabs: readonly Tab<Name>[]
  readonly value: Name
  readonly onChange: (name: Name) => void
}) {
  return (
    <Radix.Root
      value={props.value}
      onValueChange={(next) => {
        const chosen = props.tabs.find(({ name }) => name === next)
        if (chosen) props.onChange(chosen.name)
      }}
    >
      <Radix.List aria-label={props.label} className="tab-list">
        {props.tabs.map((tab) => (
          <Radix.Trigger key={tab.name} value={tab.name} className="tab">
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {props.tabs.map((tab) => (
        <Radix.Content key={tab.name} value={tab.name} className="pt-3 outline-none">
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  )
}
