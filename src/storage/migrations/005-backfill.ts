/**
 * The sums of a ledger that exists already, from its attempts, requests and charges. Words about pictures come from the sums by hour, which
 * know neither end customer, group, tag nor kind of attempt: those of before are not split by them.
 */
import type { DdlFlavour } from './ddl.ts'
import { BEYOND, CUBE_WIDTH, type CubeDimension, cubes, daySums, histogramCubes, MOST_NAMES_A_DAY } from './insight-cubes.ts'

const DAY = 86_400_000_000
const day = (column: string): string => `${column} / ${DAY} * ${DAY}`
const DELIVERED = "('succeeded', 'partial')"

const requestDimensions = `r.operation, r.size_class AS size, r.quality, r.route, r.project_id AS project, r.key_id AS key_id`
const requestRest = `r.prompt_class, r.end_customer, r.request_group, r.baseline, r.tags`

/** Column of the facts that a dimension is in. */
const columnOf: Readonly<Record<CubeDimension, string>> = {
  offer: 'offer',
  operation: 'operation',
  size: 'size',
  quality: 'quality',
  route: 'route',
  project: 'project',
  key: 'key_id',
  outcome: 'outcome',
  prompt_class: 'prompt_class',
  kind: 'kind',
  end_customer: 'end_customer',
  group: 'request_group',
  baseline: 'baseline',
  tag: 'tag',
}

export function backfillInsight(flavour: DdlFlavour): readonly string[] {
  const { int } = flavour.types
  const integer = (expression: string): string => `CAST(${expression} AS ${int})`
  return [
    `UPDATE requests SET baseline = ${flavour.jsonText('decision', ['baseline', 'name'])},
       baseline_nano_usd = ${integer(`round(CAST(${flavour.jsonText('decision', ['baseline', 'expectedUsd'])} AS ${flavour.decimal}) * 1000000000)`)}
     WHERE decision LIKE '%"baseline":{%'`,
    facts(integer),
    ...Object.entries(cubes).flatMap(([name, dimensions]) => fillCube(flavour, name, dimensions, integer)),
    ...histograms(integer),
    'DROP TABLE insight_facts',
  ]
}

/** One row per settled attempt, finished request, charge without an attempt, and rated cell of an hour. */
const facts = (integer: (expression: string) => string): string => `
  CREATE TEMPORARY TABLE insight_facts AS
  SELECT ${day('a.settled_us')} AS day_us, a.sandbox, a.offer, ${requestDimensions}, coalesce(a.outcome, '') AS outcome, a.kind, ${requestRest},
    0 AS requests, 0 AS delivered, 1 AS attempts, CASE WHEN a.outcome IN ${DELIVERED} THEN 1 ELSE 0 END AS attempts_succeeded,
    a.images_made AS images, ${integer('coalesce(c.cost, 0)')} AS cost_nano_usd,
    ${integer("CASE WHEN a.state = 'unknown' THEN coalesce(c.cost, 0) ELSE 0 END")} AS provisional_nano_usd,
    0 AS accepted, 0 AS rejected, 0 AS duplicates_prevented, 0 AS duplicates_nano_usd, 0 AS baseline_nano_usd,
    a.duration_us, ${integer('NULL')} AS latency_us
  FROM attempts a JOIN requests r ON r.id = a.request_id
    LEFT JOIN (SELECT attempt_id, sum(amount_nano_usd) AS cost FROM charges GROUP BY attempt_id) c ON c.attempt_id = a.id
  WHERE a.settled_us IS NOT NULL
  UNION ALL
  SELECT ${day('r.finished_us')}, r.sandbox, r.offer, ${requestDimensions}, coalesce(r.outcome, ''), '', ${requestRest},
    1, CASE WHEN r.outcome IN ${DELIVERED} THEN 1 ELSE 0 END, 0, 0, 0, 0, 0, 0, 0, r.duplicates_prevented, coalesce(r.duplicates_nano_usd, 0),
    CASE WHEN r.outcome IN ${DELIVERED} AND r.n > 0 THEN coalesce(r.baseline_nano_usd, 0) * r.images_returned / r.n ELSE 0 END,
    NULL, r.latency_us
  FROM requests r WHERE r.finished_us IS NOT NULL
  UNION ALL
  SELECT ${day('incurred_us')}, sandbox, '', '', '', '', '', '', '', '', kind, '', NULL, NULL, NULL, '{}',
    0, 0, 0, 0, 0, amount_nano_usd, 0, 0, 0, 0, 0, 0, NULL, NULL
  FROM charges WHERE attempt_id = ''
  UNION ALL
  SELECT ${day('hour_us')}, sandbox, offer, operation, size_class, quality, route, project_id, key_id, outcome, '', prompt_class, NULL, NULL, NULL,
    '{}', 0, 0, 0, 0, 0, 0, 0, accepted, rejected, 0, 0, 0, NULL, NULL
  FROM rollups WHERE accepted <> 0 OR rejected <> 0`

const named: ReadonlySet<CubeDimension> = new Set(['end_customer', 'group', 'tag'])

function fillCube(
  flavour: DdlFlavour,
  name: string,
  dimensions: readonly CubeDimension[],
  integer: (expression: string) => string,
): readonly string[] {
  const special = dimensions.find((dimension) => named.has(dimension) || dimension === 'baseline')
  const source =
    special === 'tag'
      ? `(SELECT f.*, t.key AS tag_key, t.value AS tag FROM insight_facts f, ${flavour.jsonEach('f.tags')} t
          WHERE t.key IN (SELECT tag_key FROM rollup_tags)) f`
      : 'insight_facts f'
  const label = special === 'tag' ? "'tag:' || f.tag_key" : `'${name}'`
  // A constant cannot be grouped by everywhere.
  const cube = special === 'tag' ? `${label}, ` : ''
  const value = special === undefined ? '' : `f.${columnOf[special]}`
  const where = special === undefined ? '' : ` WHERE ${value} IS NOT NULL AND ${value} <> ''`
  const bounded = special !== undefined && named.has(special)
  const columns = dimensions.map((dimension) =>
    dimension === special && bounded ? `CASE WHEN n.name IS NULL THEN '${BEYOND}' ELSE ${value} END` : `f.${columnOf[dimension]}`,
  )
  const padding = Array.from({ length: CUBE_WIDTH - columns.length }, () => "''")
  const sums = daySums.map((column) => integer(`sum(f.${column})`))
  const names = bounded
    ? [
        `INSERT INTO insight_names (dimension, sandbox, day_us, name)
         SELECT dimension, sandbox, day_us, name FROM (
           SELECT ${label} AS dimension, f.sandbox, f.day_us, ${value} AS name,
             row_number() OVER (PARTITION BY ${cube}f.sandbox, f.day_us ORDER BY sum(f.cost_nano_usd) DESC, ${value}) AS place
           FROM ${source}${where} GROUP BY ${cube}f.sandbox, f.day_us, ${value}) AS ranked WHERE place <= ${MOST_NAMES_A_DAY}`,
      ]
    : []
  const join = bounded
    ? ` LEFT JOIN insight_names n ON n.dimension = ${label} AND n.sandbox = f.sandbox AND n.day_us = f.day_us AND n.name = ${value}`
    : ''
  const groups = [...(special === 'tag' ? [label] : []), 'f.sandbox', 'f.day_us', ...columns]
  return [
    ...names,
    `INSERT INTO insight_days (cube, sandbox, day_us, d1, d2, d3, d4, d5, d6, d7, d8, d9, node_id, ${daySums.join(', ')})
     SELECT ${[label, 'f.sandbox', 'f.day_us', ...columns, ...padding, "''", ...sums].join(', ')}
     FROM ${source}${join}${where} GROUP BY ${groups.join(', ')}`,
  ]
}

/** As `core/latency.ts` counts: buckets of 4 %, taken two by two. */
const bucket = (value: string, integer: (expression: string) => string): string =>
  `CASE WHEN ${value} <= 1 THEN 0 ELSE ${integer(`ceil(ceil(ln(${value}) / ${Math.log(1.04)} - 0.000000001) / 2.0)`)} END`

function histograms(integer: (expression: string) => string): readonly string[] {
  const fill = (
    cube: keyof typeof histogramCubes,
    of: { measure: string; value: string; entries: string; amount: string; where: string },
  ) => {
    const columns = histogramCubes[cube].map((dimension) => `f.${columnOf[dimension]}`)
    const keys = [...columns, ...Array.from({ length: 2 - columns.length }, () => "''")]
    const place = bucket(of.value, integer)
    return `INSERT INTO insight_histograms (measure, cube, sandbox, day_us, d1, d2, bucket, node_id, entries, amount)
      SELECT '${of.measure}', '${cube}', f.sandbox, f.day_us, ${keys.join(', ')}, ${place}, '', ${integer(`sum(${of.entries})`)}, ${integer(`sum(${of.amount})`)}
      FROM insight_facts f WHERE ${of.where} GROUP BY ${['f.sandbox', 'f.day_us', ...columns, place].join(', ')}`
  }
  const all = Object.keys(histogramCubes) as (keyof typeof histogramCubes)[]
  const perImage = 'f.cost_nano_usd / f.images'
  return [
    ...all.map((cube) =>
      fill(cube, { measure: 'cost', value: perImage, entries: 'f.images', amount: 'f.cost_nano_usd', where: 'f.images > 0' }),
    ),
    ...all.map((cube) =>
      fill(cube, {
        measure: 'latency',
        value: 'f.latency_us',
        entries: '1',
        amount: 'f.latency_us',
        where: `f.latency_us IS NOT NULL${cube === 'outcome' ? '' : ' AND f.delivered = 1'}`,
      }),
    ),
    fill('product', {
      measure: 'duration',
      value: 'f.duration_us',
      entries: '1',
      amount: 'f.duration_us',
      where: 'f.duration_us IS NOT NULL AND f.images > 0',
    }),
  ]
}
