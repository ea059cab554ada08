import { type KeyboardEvent, useId, useState } from 'react'
import { Field } from './form.tsx'

interface Props {
  readonly name: string
  readonly label: string
  readonly hint?: string
  readonly problem?: string | undefined
  readonly values: readonly string[]
  readonly onChange: (values: readonly string[]) => void
  /** What is offered while typing; anything else can be typed too. */
  readonly options: readonly string[]
  readonly placeholder?: string
  readonly disabled?: boolean
  /** Values that something is wrong with. */
  readonly wrong?: ReadonlySet<string>
}

const MOST_OFFERED = 300

/** Several texts, in order: typed or taken from the list, added by Enter or comma, taken out one by one. */
export function TokenField({ name, label, hint, problem, values, onChange, options, disabled = false, ...props }: Props) {
  const [text, setText] = useState('')
  const listId = useId()
  const add = (typed: string) => {
    const more = typed.split(',').map((each) => each.trim())
    const next = [...values, ...more.filter((each) => each !== '' && !values.includes(each))]
    if (next.length > values.length) onChange(next)
    setText('')
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if ((event.key === 'Enter' || event.key === ',') && text.trim() !== '') {
      event.preventDefault()
      add(text)
    } else if (event.key === 'Backspace' && text === '' && values.length > 0) onChange(values.slice(0, -1))
  }
  return (
    <div>
      <Field name={name} label={label} hint={hint} problem={problem}>
        {(wired) => (
          <input
            {...wired}
            className="field"
            list={listId}
            value={text}
            autoComplete="off"
            spellCheck={false}
            disabled={disabled}
            placeholder={values.length === 0 ? (props.placeholder ?? '') : 'Add another'}
            onChange={(event) => {
              const typed = event.target.value
              // A press on an offered one fills the field at once; typing it out waits for Enter, since more may follow.
              const isPicked = event.nativeEvent instanceof InputEvent && event.nativeEvent.inputType === 'insertReplacementText'
              if (isPicked && options.includes(typed)) add(typed)
              else setText(typed)
            }}
            onKeyDown={onKeyDown}
            onBlur={() => add(text)}
          />
        )}
      </Field>
      <datalist id={listId}>
        {options
          .filter((option) => !values.includes(option))
          .slice(0, MOST_OFFERED)
          .map((option) => (
            <option key={option} value={option} />
          ))}
      </datalist>
      {values.length > 0 && (
        <ul aria-label={`${label}: chosen`} className="mt-1.5 flex flex-wrap gap-1.5">
          {values.map((value) => (
            <li key={value} className="token" data-problem={props.wrong?.has(value) ?? false}>
              <span className="min-w-0 px-2 py-0.5 break-all">{value}</span>
              {!disabled && (
                <button
                  type="button"
                  aria-label={`Remove ${value} from ${label}`}
                  onClick={() => onChange(values.filter((each) => each !== value))}
                >
                  <svg viewBox="0 0 16 16" className="size-3 fill-none stroke-current stroke-[1.5]" aria-hidden="true">
                    <path d="m4.5 4.5 7 7m0-7-7 7" />
                  </svg>
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
