import { toCsv } from '../lib/csv.ts'

interface Props {
  /** Without the ending. */
  readonly name: string
  readonly header: readonly string[]
  /** Read when the button is pressed: exact text for money, never a rounded figure. */
  readonly rows: () => readonly (readonly (string | number | null)[])[]
  readonly disabled?: boolean
}

/** Saves what is shown as a CSV file. */
export function CsvButton({ name, header, rows, disabled = false }: Props) {
  const save = () => {
    const url = URL.createObjectURL(new Blob([toCsv(header, rows())], { type: 'text/csv;charset=utf-8' }))
    const link = document.createElement('a')
    link.href = url
    link.download = `${name}.csv`
    link.click()
    URL.revokeObjectURL(url)
  }
  return (
    <button type="button" className="button button-quiet text-sm" disabled={disabled} onClick={save}>
      <svg viewBox="0 0 16 16" className="size-4 fill-none stroke-current stroke-[1.5]" aria-hidden="true">
        <path d="M8 2v8m-3.5-3L8 10.5 11.5 7M2.5 13.5h11" />
      </svg>
      CSV
    </button>
  )
}
