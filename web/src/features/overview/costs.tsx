import type { InsightOverview } from '../../../../src/contract/insight.ts'
import { parseUsd } from '../../../../src/core/money.ts'
import { perMille } from '../../lib/money.ts'
import { counted, formatCount, formatShare } from '../../lib/numbers.ts'
import { DotMeter } from '../../ui/dot-meter.tsx'
import { Short, Signed } from '../../ui/money.tsx'
import { Section } from '../../ui/page-header.tsx'
import { Hint } from '../../ui/tooltip.tsx'
import { Method } from '../insight/method.tsx'
import { wasteName, wasteSlug } from './select-overview.ts'

/** What a picture costs at its cheapest and dearest, where money was lost, and what was saved. */
export function Costs({ data }: { data: InsightOverview }) {
  return (
    <div className="grid gap-x-10 lg:grid-cols-2 xl:grid-cols-[1fr_1.2fr_1.5fr]">
      <CostPerImage data={data} />
      <Waste data={data} />
      <Saved data={data} />
    </div>
  )
}

function CostPerImage({ data: { cost_distribution: costs } }: { data: InsightOverview }) {
  const top = costs.max_usd === null ? 0n : parseUsd(costs.max_usd)
  const rows = [
    ['Half cost at most', 'p50', costs.p50_usd],
    ['95 of 100 cost at most', 'p95', costs.p95_usd],
    ['The dearest', 'max', costs.max_usd],
  ] as const
  return (
    <Section
      title="Cost of one image"
      note={`Of ${counted(costs.images, 'image')}; quantiles within ${formatShare(costs.relative_error)}.`}
      actions={
        <Hint label="the cost of one image">
          <Method at="cost-distribution">
            Each image counts with the charges of its attempt over the images of that attempt.
          </Method>
        </Hint>
      }
    >
      {costs.max_usd === null && <p className="text-muted">No images in this period.</p>}
      <dl className="flex flex-col gap-3">
        {rows.map(
          ([label, name, usd]) =>
            usd !== null && (
              <div key={name} data-quantile={name}>
                <dt className="flex justify-between gap-3">
                  <span>
                    {label} <span className="label">{name}</span>
                  </span>
                  <Short usd={usd} className="font-semibold" />
                </dt>
                <dd className="pt-1">
                  <DotMeter perMille={perMille(parseUsd(usd), top)} tone="ink" />
                </dd>
              </div>
            ),
        )}
      </dl>
    </Section>
  )
}

function Waste({ data: { waste } }: { data: InsightOverview }) {
  return (
    <Section title="Waste">
      <table className="data-table">
        <caption className="sr-only">Waste by kind</caption>
        <thead>
          <tr>
            <th scope="col">Kind</th>
            <th scope="col" className="text-right">
              Attempts
            </th>
            <th scope="col" className="text-right">
              USD
            </th>
          </tr>
        </thead>
        <tbody>
          {waste.lines.map((line) => (
            <tr key={line.kind} data-waste={line.kind}>
              <th scope="row">
                <span className="flex items-center gap-1.5">
                  {wasteName(line.kind)}
                  <Hint label={wasteName(line.kind)}>
                    <Method at={wasteSlug(line.kind)}>{wasteMethods[line.kind]}</Method>
                  </Hint>
                </span>
              </th>
              <td className="num text-right">{line.kind === 'breakage' ? '' : formatCount(line.attempts)}</td>
              <td className="text-right">
                <Short usd={line.usd} />
              </td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr className="ledger-total font-semibold">
            <th scope="row" className="text-left">
              Together
            </th>
            <td />
            <td className="text-right" data-waste="total">
              <Short usd={waste.total_usd} />
            </td>
          </tr>
        </tfoot>
      </table>
    </Section>
  )
}

const wasteMethods = {
  failed_billed: 'Charges of attempts that ended neither succeeded, partial nor refused.',
  refused_billed: 'Charges of attempts that the provider refused and billed.',
  hedges: 'A second picture bought for speed, also when it won.',
  breakage: 'Credits that expired, minimums and reserved capacity that were not used.',
  unknown: 'Calls that may have been billed, counted at the amount held until there is evidence.',
} as const

function Saved({ data: { saved } }: { data: InsightOverview }) {
  return (
    <Section
      title="Saved against named baselines"
      actions={
        <Hint label="savings">
          <Method at="saved">
            What the baseline was expected to cost, less all charges of those requests. Negative where it would have been cheaper.
          </Method>
        </Hint>
      }
    >
      {saved.length === 0 ? (
        <p className="text-muted">
          No route declares a <code>baseline</code>, so there is nothing to measure savings against.
        </p>
      ) : (
        <div className="table-scroll">
          <table className="data-table">
            <caption className="sr-only">Savings by baseline</caption>
            <thead>
              <tr>
                <th scope="col">Baseline</th>
                <th scope="col" className="text-right max-sm:hidden">
                  It would have cost
                </th>
                <th scope="col" className="text-right max-sm:hidden">
                  It cost
                </th>
                <th scope="col" className="text-right">
                  Saved
                </th>
              </tr>
            </thead>
            <tbody>
              {saved.map((line) => (
                <tr key={line.baseline} data-baseline={line.baseline}>
                  <th scope="row" className="break-all">
                    {line.baseline}
                    <span className="label block">
                      {counted(line.requests, 'request')}, {counted(line.images, 'image')}
                    </span>
                  </th>
                  <td className="text-right max-sm:hidden">
                    <Short usd={line.baseline_usd} />
                  </td>
                  <td className="text-right max-sm:hidden">
                    <Short usd={line.cost_usd} />
                  </td>
                  <td className="text-right font-semibold">
                    <Signed usd={line.saved_usd} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Section>
  )
}
