/** The Grafana dashboard and the alerting rules name metrics and labels that exist. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createServerMetrics } from '../../src/server/metrics.ts'

const read = (name: string): string => readFileSync(new URL(`../../docs/grafana/${name}`, import.meta.url), 'utf8')
// What it reads is asked for only when it is rendered.
const metrics = createServerMetrics({} as Parameters<typeof createServerMetrics>[0]).describe()
const known = new Map(metrics.map(({ name, labels, type }) => [name, { labels, type }]))
/** Added by Prometheus itself. */
const scraped = ['job', 'instance']

interface Panel {
  readonly title: string
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[]
}
interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string; readonly annotations: object }[]
  }[]
}
const panels = (JSON.parse(read('halftone.json')) as { panels: readonly Panel[] }).panels
const rules = (parse(read('alerts.yml')) as Rules).groups.flatMap((group) => group.rules)

/** Names of metrics and labels in an expression that do not exist. */
function wrongNames(expr: string, legend = ''): string[] {
  const names = [...expr.matchAll(/\b((?:halftone|process)_[a-z_]+)/g)].map(([, name = '']) => name)
  const base = (name: string): string => {
    const histogram = name.replace(/_(bucket|sum|count)$/, '')
    return known.get(histogram)?.type === 'histogram' ? histogram : name
  }
  const labels = new Set([...names.flatMap((name) => known.get(base(name))?.labels ?? []), ...scraped, 'le'])
  const used = [
    ...[...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/)),
    ...[...expr.matchAll(/[{,]\s*(\w+)\s*[=!]~?/g)].map(([, label = '']) => label),
    ...[...legend.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label = '']) => label),
  ]
  const missing = names.filter((name) => !known.has(base(name)) || known.get(name)?.type === 'histogram')
  return [...missing, ...used.filter((label) => !labels.has(label))]
}

describe('docs/grafana', () => {
  it('the dashboard names only metrics and labels that exist', () => {
    const targets = panels.flatMap((panel) => panel.targets)
    expect(targets.length).toBeGreaterThan(20)
    expect(targets.flatMap(({ expr, legendFormat }) => wrongNames(expr, legendFormat))).toEqual([])
  })

  it('shows spend, cost per image, success, latency, breakers, budgets, unknown money and queues', () => {
    const titles = panels.map(({ title }) => title.toLowerCase()).join('\n')
    for (const word of [
      'spend',
      'cost per image',
      'success',
      'latency',
      'breakers',
      'budgets',
      'nobody knows',
      'queues',
      'saved',
    ])
      expect(titles).toContain(word)
  })

  it('the rules name only metrics and labels that exist', () => {
    expect(rules.length).toBeGreaterThan(8)
    expect(rules.flatMap(({ expr, annotations }) => wrongNames(expr, JSON.stringify(annotations)))).toEqual([])
  })

  it.each([
    ['halftone_nothing_total', ['halftone_nothing_total']],
    ['sum by (model) (halftone_images_total)', ['model']],
    ['halftone_images_total{key="x"}', ['key']],
    ['halftone_call_duration_seconds', ['halftone_call_duration_seconds']],
    ['histogram_quantile(0.9, sum by (le) (halftone_call_duration_seconds_bucket))', []],
  ])('a planted %s is found', (expr, wrong) => {
    expect(wrongNames(expr)).toEqual(wrong)
  })
})
