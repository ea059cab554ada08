import { Segmented } from '../../ui/segmented.tsx'

const choices = [
  { value: 'real', label: 'Real money' },
  { value: 'sandbox', label: 'Sandbox' },
] as const

/** Real money or play money: one or the other, because they are never added up. */
export function MoneySwitch({ sandbox, onChange }: { sandbox: boolean; onChange: (money: 'real' | 'sandbox') => void }) {
  return <Segmented label="Money" choices={choices} value={sandbox ? 'sandbox' : 'real'} onChange={onChange} />
}
