import { type ChartProps, xText } from './chart-data.ts'

const MAX_ROWS = 400

/** The figures of a chart, row by row. */
export function ChartTable({ label, points, xLabel, yLabel, xFormat, yFormat, onPick }: ChartProps) {
  const hasSeries = points.some((point) => point.series !== undefined)
  const hasNames = points.some((point) => point.name !== undefined)
  return (
    <details className="mt-1 text-sm">
      <summary className="label">As a table</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable to be scrolled by keyboard */}
      <section className="table-scroll mt-2 max-h-72" tabIndex={0} aria-label={`${label}, as a table`}>
        <table className="data-table">
          <caption className="sr-only">{label}</caption>
          <thead>
            <tr>
              {hasNames && <th scope="col">Name</th>}
              <th scope="col">{xLabel}</th>
              {hasSeries && <th scope="col">Series</th>}
              <th scope="col" className="text-right">
                {yLabel}
              </th>
            </tr>
          </thead>
          <tbody>
            {points.slice(0, MAX_ROWS).map((point) => (
              <tr key={`${xText(point.x)} ${point.series ?? ''} ${point.name ?? ''}`}>
                {hasNames && <td>{point.name}</td>}
                <th scope="row" className="num font-normal">
                  {onPick ? (
                    <button type="button" className="underline underline-offset-2" onClick={() => onPick(point)}>
                      {xText(point.x, xFormat)}
                    </button>
                  ) : (
                    xText(point.x, xFormat)
                  )}
                </th>
                {hasSeries && <td>{point.series}</td>}
                <td className="num text-right">{point.text ?? (yFormat ? yFormat(point.y) : point.y)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {points.length > MAX_ROWS && (
        <p className="label">
          The first {MAX_ROWS} of {points.length} rows.
        </p>
      )}
    </details>
  )
}
