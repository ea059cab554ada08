import { Popover, Tooltip as Radix } from 'radix-ui'
import type { ReactNode } from 'react'

/** A hint on hover and on focus. `children` is one element that can have the focus; a fact needed to act stands in the page. */
export function Tooltip({ text, children }: { text: ReactNode; children: ReactNode }) {
  return (
    <Radix.Provider delayDuration={250}>
      <Radix.Root>
        <Radix.Trigger asChild>{children}</Radix.Trigger>
        <Radix.Portal>
          <Radix.Content className="tooltip" sideOffset={6} collisionPadding={8}>
            {text}
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
    </Radix.Provider>
  )
}

/** A small question mark that explains a figure on a press: its formula, its period, its source. Links inside can be followed. */
export function Hint({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Popover.Root>
      <Popover.Trigger className="hint" aria-label={`About ${label}`}>
        ?
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content aria-label={`About ${label}`} className="tooltip" sideOffset={6} collisionPadding={8}>
          {children}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}
