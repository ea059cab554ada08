import {
  createContext,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useContext,
  useId,
} from 'react'
import { ApiError } from '../api/client.ts'
import { ErrorNotice } from './notice.tsx'

/** The failed answer the fields of a form look into: an error whose `param` is a field's name stands at that field. */
const FormErrorContext = createContext<ApiError | undefined>(undefined)

interface FormProps {
  readonly error: unknown
  /** The names of the fields, as the API's `param` writes them; an error of none of them stands above the form. */
  readonly fields: readonly string[]
  readonly onSubmit: () => void
  readonly children: ReactNode
  readonly className?: string
}

/** A form whose errors come from the API. Submits without leaving the page. */
export function Form({ error, fields, onSubmit, children, className = 'flex flex-col gap-4' }: FormProps) {
  const known = error instanceof ApiError ? error : undefined
  const placed = known?.param !== undefined && fields.includes(fieldOf(known.param))
  return (
    <FormErrorContext value={known}>
      <form
        noValidate
        className={className}
        onSubmit={(event) => {
          event.preventDefault()
          onSubmit()
        }}
      >
        {error != null && !placed && <ErrorNotice error={error} title="That was not accepted" />}
        {children}
      </form>
    </FormErrorContext>
  )
}

/** `policy.max_cost` or `tags[2]` belong to the field `policy` or `tags`. */
export const fieldOf = (param: string): string => param.split(/[.[]/, 1)[0] ?? param

interface FieldProps {
  /** As the API's `param` writes it. */
  readonly name: string
  readonly label: string
  readonly hint?: ReactNode
  /** A problem found before sending. */
  readonly problem?: string | undefined
}

interface Wired {
  readonly id: string
  readonly name: string
  readonly 'aria-invalid': boolean
  readonly 'aria-describedby': string | undefined
}

/** A label, the control that `children` renders with what it is given, a hint, and the error of this field. */
export function Field({ name, label, hint, problem, children }: FieldProps & { children: (wired: Wired) => ReactNode }) {
  const id = useId()
  const error = useContext(FormErrorContext)
  const message = problem ?? (error?.param !== undefined && fieldOf(error.param) === name ? error.message : undefined)
  const described = [message && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ') || undefined
  return (
    <div>
      <label htmlFor={id} className="mb-1 block font-medium">
        {label}
      </label>
      {children({ id, name, 'aria-invalid': message !== undefined, 'aria-describedby': described })}
      {message && (
        <p id={`${id}-error`} role="alert" className="mt-1 text-sm text-bad">
          {message}
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className="label mt-1">
          {hint}
        </p>
      )}
    </div>
  )
}

export const TextField = ({
  name,
  label,
  hint,
  problem,
  ...input
}: FieldProps & Omit<InputHTMLAttributes<HTMLInputElement>, 'name'>) => (
  <Field name={name} label={label} hint={hint} problem={problem}>
    {(wired) => <input {...input} {...wired} className={`field ${input.className ?? ''}`} />}
  </Field>
)

export const TextArea = ({
  name,
  label,
  hint,
  problem,
  ...input
}: FieldProps & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'name'>) => (
  <Field name={name} label={label} hint={hint} problem={problem}>
    {(wired) => <textarea {...input} {...wired} className={`field ${input.className ?? ''}`} />}
  </Field>
)

export const SelectField = ({
  name,
  label,
  hint,
  problem,
  children,
  ...select
}: FieldProps & Omit<SelectHTMLAttributes<HTMLSelectElement>, 'name'>) => (
  <Field name={name} label={label} hint={hint} problem={problem}>
    {(wired) => (
      <select {...select} {...wired} className={`field ${select.className ?? ''}`}>
        {children}
      </select>
    )}
  </Field>
)

export const CheckField = ({
  name,
  label,
  hint,
  ...input
}: Omit<FieldProps, 'problem'> & Omit<InputHTMLAttributes<HTMLInputElement>, 'name' | 'type'>) => {
  const id = useId()
  return (
    <div className="flex items-start gap-2.5">
      <input
        {...input}
        id={id}
        name={name}
        type="checkbox"
        className="mt-1 size-4 accent-ink"
        aria-describedby={hint ? `${id}-hint` : undefined}
      />
      <div>
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        {hint && (
          <p id={`${id}-hint`} className="label">
            {hint}
          </p>
        )}
      </div>
    </div>
  )
}

/** What an object is called for good. */
export const IdField = ({ value, onChange }: { value: string; onChange: (id: string) => void }) => (
  <TextField
    name="id"
    label="Id"
    hint="For the API, reports and the audit log. It cannot be changed later."
    value={value}
    spellCheck={false}
    maxLength={64}
    onChange={(event) => onChange(event.target.value)}
  />
)

/** The end of a form in a sheet. */
export const FormButtons = ({ submit, busy, onCancel }: { submit: string; busy: boolean; onCancel: () => void }) => (
  <div className="flex justify-end gap-2 border-t border-rule pt-4">
    <button type="button" className="button" onClick={onCancel}>
      Cancel
    </button>
    <button type="submit" className="button button-primary" disabled={busy}>
      {submit}
    </button>
  </div>
)
