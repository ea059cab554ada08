/** The finest sums of a ledger that exists already: from its attempts, requests, charges and words about pictures. */
import { implicitSignals } from '../../core/routing/learning/feedback.ts'
import { fineSums, NO_BUCKET, shapeColumns, waitSums } from './014-fine.ts'
import type { DdlFlavour } from './ddl.ts'

const HOUR = 3_600_000_000
const DAY = 24 * HOUR
const DELIVERED = "('succeeded', 'partial')"
const hour = (column: string): string => `${column} / ${HOUR} * ${HOUR}`

export function backfillFine(flavour: DdlFlavour): readonly string[] {
  const integer = (expression: string): string => `CAST(${expression} AS ${flavour.types.int})`
  const shape = shapeColumns.join(', ')
  const sums = [...fineSums, ...waitSums].map((column) => integer(`sum(${column})`)).join(', ')
  return [
    ...names(flavour),
    `CREATE TEMPORARY TABLE fine_shapes AS SELECT DISTINCT ${shape} FROM (
       SELECT ${shapeOf('a.offer', "coalesce(a.outcome, '')")} FROM attempts a JOIN requests r ON r.id = a.request_id WHERE a.settled_us IS NOT NULL
       UNION SELECT ${shapeOf('r.offer', "coalesce(r.outcome, '')")} FROM requests r WHERE r.finished_us IS NOT NULL
       UNION SELECT ${shapeColumns.map(() => "''").join(', ')}) AS found`,
    `INSERT INTO insight_shapes (id, ${shape}) SELECT row_number() OVER (ORDER BY ${shape}), ${shape} FROM fine_shapes`,
    `CREATE UNIQUE INDEX fine_shapes_whole ON insight_shapes (${shape})`,
    `INSERT INTO insight_fine_hours (sandbox, hour_us, shape, label, bucket, node_id, ${fineSums.join(', ')}, ${waitSums.join(', ')})
     SELECT e.sandbox, e.hour_us, s.id, e.label, e.bucket, '', ${sums}
     FROM (${entries(flavour, integer)}) e JOIN insight_shapes s ON ${shapeColumns.map((column) => `s.${column} = e.${column}`).join(' AND ')}
     GROUP BY e.sandbox, e.hour_us, s.id, e.label, e.bucket`,
    // Shapes that are written from now on may say what these do.
    'DROP INDEX fine_shapes_whole',
    `INSERT INTO insight_fine_days (sandbox, day_us, shape, label, node_id, ${fineSums.join(', ')})
     SELECT sandbox, hour_us / ${DAY} * ${DAY}, shape, label, '', ${fineSums.map((column) => integer(`sum(${column})`)).join(', ')}
     FROM insight_fine_hours GROUP BY sandbox, hour_us / ${DAY} * ${DAY}, shape, label`,
    `INSERT INTO insight_fine_waits (sandbox, day_us, shape, bucket, node_id, ${waitSums.join(', ')})
     SELECT sandbox, hour_us / ${DAY} * ${DAY}, shape, bucket, '', ${waitSums.map((column) => integer(`sum(${column})`)).join(', ')}
     FROM insight_fine_hours WHERE waits <> 0 GROUP BY sandbox, hour_us / ${DAY} * ${DAY}, shape, bucket`,
    'DROP TABLE fine_shapes',
    'DROP TABLE fine_names',
  ]
}

/** Which label each set of names got. Tags that no database can take apart are left out. */
function names(flavour: DdlFlavour): readonly string[] {
  const names = `coalesce(end_customer, '') AS end_customer, coalesce(request_group, '') AS request_group,
    CASE WHEN tags LIKE '%\\u0000%' ESCAPE '!' OR tags LIKE '%\\ud%' ESCAPE '!' THEN '{}' ELSE tags END AS tags`
  return [
    `CREATE TEMPORARY TABLE fine_names AS
     SELECT row_number() OVER (ORDER BY end_customer, request_group, tags) AS id, end_customer, request_group, tags
     FROM (SELECT DISTINCT ${names} FROM requests UNION SELECT '', '', '{}') AS found`,
    'CREATE INDEX fine_names_whole ON fine_names (end_customer, request_group, tags)',
    'INSERT INTO insight_labels (id, hash, end_customer, request_group) SELECT id, NULL, end_customer, request_group FROM fine_names',
    `INSERT INTO insight_label_tags (label, tag_key, tag_value)
     SELECT n.id, t.key, t.value FROM fine_names n, ${flavour.jsonEach('n.tags')} t WHERE t.value <> ''`,
  ]
}

const shapeOf = (offer: string, outcome: string): string =>
  shapeColumns
    .map((column) => (column === 'offer' ? `${offer} AS offer` : column === 'outcome' ? `${outcome} AS outcome` : `r.${column}`))
    .join(', ')

const labelOf = (request: string): string =>
  `(SELECT n.id FROM fine_names n WHERE n.end_customer = coalesce(${request}.end_customer, '')
    AND n.request_group = coalesce(${request}.request_group, '') AND n.tags = ${request}.tags)`

/** One row per settled attempt, finished request, charge of its own place in time, and word about a picture. */
function entries(flavour: DdlFlavour, integer: (expression: string) => string): string {
  const bucket = `CASE WHEN r.latency_us IS NULL THEN ${NO_BUCKET} WHEN r.latency_us <= 1 THEN 0
    ELSE ${integer(`ceil(ceil(ln(r.latency_us) / ${Math.log(1.04)} - 0.000000001) / 2.0)`)} END`
  const attempt = shapeOf('a.offer', "coalesce(a.outcome, '')")
  // The attempt counts in the bucket of its request, so that the two are one row wherever they can be.
  const place = `coalesce(${labelOf('r')}, ${NONE}) AS label, ${bucket} AS bucket`
  return `
    SELECT ${hour('a.settled_us')} AS hour_us, a.sandbox, ${attempt}, ${place}, 0 AS requests, 0 AS delivered, 1 AS attempts,
      a.images_made AS images, coalesce(c.cost, 0) AS cost_nano_usd, 0 AS accepted, 0 AS rejected, 0 AS waits, 0 AS waited_us
    FROM attempts a JOIN requests r ON r.id = a.request_id
      LEFT JOIN (SELECT attempt_id, sum(amount_nano_usd) AS cost FROM charges WHERE corrects_month_us IS NULL GROUP BY attempt_id) c
        ON c.attempt_id = a.id
    WHERE a.settled_us IS NOT NULL
    UNION ALL
    SELECT ${hour('r.finished_us')}, r.sandbox, ${shapeOf('r.offer', "coalesce(r.outcome, '')")}, ${place}, 1,
      CASE WHEN r.outcome IN ${DELIVERED} THEN 1 ELSE 0 END, 0, 0, 0, 0, 0,
      CASE WHEN r.latency_us IS NULL THEN 0 ELSE 1 END, coalesce(r.latency_us, 0)
    FROM requests r WHERE r.finished_us IS NOT NULL
    UNION ALL
    SELECT ${hour('c.incurred_us')}, c.sandbox, ${attempt}, coalesce(${labelOf('r')}, ${NONE}), ${NO_BUCKET}, 0, 0, 0, 0, c.amount_nano_usd, 0, 0, 0, 0
    FROM charges c JOIN attempts a ON a.id = c.attempt_id JOIN requests r ON r.id = a.request_id WHERE c.corrects_month_us IS NOT NULL
    UNION ALL
    SELECT ${hour('incurred_us')}, sandbox, ${shapeColumns.map(() => "''").join(', ')}, ${NONE}, ${NO_BUCKET}, 0, 0, 0, 0, amount_nano_usd, 0, 0, 0, 0
    FROM charges WHERE attempt_id = ''
    UNION ALL
    SELECT ${hour('a.settled_us')}, a.sandbox, ${attempt}, coalesce(${labelOf('r')}, ${NONE}), ${NO_BUCKET}, 0, 0, 0, 0, 0,
      w.images * w.accepted, w.images * w.rejected, 0, 0
    FROM (${words(flavour, integer)}) w JOIN attempts a ON a.id = w.attempt_id JOIN requests r ON r.id = a.request_id
    WHERE w.place = 1 AND a.settled_us IS NOT NULL`
}

/** The label without any name. */
const NONE = "(SELECT n.id FROM fine_names n WHERE n.end_customer = '' AND n.request_group = '' AND n.tags = '{}')"

/** As `core/routing/learning/feedback.ts` rates a picture: `place` 1 is the word that stands. */
function words(flavour: DdlFlavour, integer: (expression: string) => string): string {
  const weight = `CASE f.signal ${Object.entries(implicitSignals)
    .map(([signal, { weight }]) => `WHEN '${signal}' THEN ${weight}`)
    .join(' ')} ELSE 1000 END`
  const score = integer(`round(CAST(coalesce(f.score, '0') AS ${flavour.decimal}) * 1000)`)
  const share = (verdict: string, ofScore: string): string =>
    `CASE f.verdict WHEN 'score' THEN ${ofScore} WHEN '${verdict}' THEN ${weight} ELSE 0 END`
  const picture = 'coalesce(f.asset_id, substr(f.id, 1, 36))'
  return `SELECT coalesce(i.attempt_id, m.id) AS attempt_id, coalesce(CASE WHEN f.asset_id IS NULL THEN m.images_made END, 1) AS images,
      ${share('accept', score)} AS accepted, ${share('reject', `1000 - ${score}`)} AS rejected,
      row_number() OVER (PARTITION BY ${picture} ORDER BY CASE WHEN f.signal = 'explicit' THEN 1 ELSE 0 END DESC, ${weight} DESC,
        f.created_us DESC, f.id DESC) AS place
    FROM feedback f LEFT JOIN assets i ON i.id = f.asset_id
      LEFT JOIN attempts m ON f.asset_id IS NULL AND m.id = substr(f.id, 1, 36)`
}
