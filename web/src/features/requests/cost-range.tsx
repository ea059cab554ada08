import { type FormEvent, useState } from 'react'
import { TextField } from '../../ui/form.tsx'

interface Amounts {
  readonly min: string | undefined
  readonly max: string | undefined
}

const AMOUNT = /^\d+(\.\d{1,9})?$/

/** Least and most a request cost, in USD. */
export function CostRange({ min, max, onChange }: Amounts & { onChange: (amounts: Amounts) => void }) {
  const [texts, setTexts] = useState({ min: min ?? '', max: max ?? '' })
  const problemOf = (text: string) => (text === '' || AMOUNT.test(text) ? undefined : 'Write an amount, such as 0.04.')
  const problems = { min: problemOf(texts.min), max: problemOf(texts.max) }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (problems.min || problems.max) return
    onChange({ min: texts.min || undefined, max: texts.max || undefined })
  }
  const field = (name: 'min' | 'max', label: string) => (
    <TextField
      name={name}
      label={label}
      problem={problems[name]}
      inputMode="decimal"
      placeholder={name === 'min' ? '0.01' : '1.00'}
      className="num"
      value={texts[name]}
      onChange={(event) => setTexts({ ...texts, [name]: event.target.value.trim() })}
    />
  )
  return (
    <form onSubmit={submit} className="grid grid-cols-2 gap-3 p-3">
      {field('min', 'From, USD')}
      {field('max', 'To, USD')}
      <button type="submit" className="button col-span-2">
        Apply
      </button>
    </form>
  )
}
