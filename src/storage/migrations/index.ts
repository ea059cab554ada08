/** The list of migrations: forward-only and additive. Add a file, add a line; never edit one that was released. */
import { initialIndexes, initialTables, insertOnlyTables } from './001-initial.ts'
import { commitmentColumns, commitmentIndexes, commitmentTables } from './002-commitments.ts'
import { correctionColumns } from './003-corrections.ts'
import { groupIndexes } from './004-groups.ts'
import { backfillInsight } from './005-backfill.ts'
import { insightColumns, insightTables } from './005-insight.ts'
import { accessColumns, accessIndexes, accessTables } from './006-access.ts'
import { routeTables } from './007-routes.ts'
import { lineageIndexes } from './008-lineage.ts'
import { exportIndexes } from './009-exports.ts'
import { monthColumns, monthIndexes, monthRows, monthTables } from './010-months.ts'
import { erasureIndexes } from './011-erasure.ts'
import { retentionColumns } from './012-retention.ts'
import { deletableEventRules, recordColumns, recordIndexes } from './013-records.ts'
import { backfillFine } from './014-backfill.ts'
import { fineIndexes, fineTables } from './014-fine.ts'
import { qualityColumns, qualityIndexes, qualityRules, qualityTables } from './015-quality.ts'
import { batchIndexes, batchTables } from './016-batches.ts'
import { classColumns, classTables } from './017-classes.ts'
import { FLOORS_SINCE, floorTables } from './018-floors.ts'
import { reportIndexes } from './019-report-indexes.ts'
import { unpricedColumns, unpricedRules } from './020-unpriced.ts'
import { addColumns, createTable, type DdlFlavour } from './ddl.ts'

export interface Migration {
  readonly version: number
  readonly name: string
  /**
   * Applied only while no node is running: one that does not know it would leave money or sums out that nobody adds later. Without it nodes of
   * the release before go on beside new ones.
   */
  readonly alone?: true
  statements(flavour: DdlFlavour): readonly string[]
}

export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: 'initial',
    statements: (flavour) => [
      ...Object.entries(initialTables).map(([name, spec]) => createTable(name, spec, flavour)),
      ...initialIndexes,
      ...insertOnlyTables.flatMap((table) => flavour.insertOnly(table)),
      ...flavour.forwardOnlyAttempts(),
    ],
  },
  {
    version: 2,
    name: 'commitments',
    alone: true,
    statements: (flavour) => [
      ...Object.entries(commitmentTables).map(([name, spec]) => createTable(name, spec, flavour)),
      ...Object.entries(commitmentColumns).flatMap(([table, columns]) => addColumns(table, columns, flavour)),
      ...commitmentIndexes,
      ...flavour.insertOnly('credit_draws'),
    ],
  },
  {
    version: 3,
    name: 'corrections',
    statements: (flavour) => Object.entries(correctionColumns).flatMap(([table, columns]) => addColumns(table, columns, flavour)),
  },
  { version: 4, name: 'groups', statements: () => groupIndexes },
  {
    version: 5,
    name: 'insight',
    alone: true,
    statements: (flavour) => [
      ...Object.entries(insightTables).map(([name, spec]) => createTable(name, spec, flavour)),
      ...Object.entries(insightColumns).flatMap(([table, columns]) => addColumns(table, columns, flavour)),
      ...backfillInsight(flavour),
      ...flavour.insertOnly('insight_objects'),
    ],
  },
  {
    version: 6,
    name: 'access',
    statements: (flavour) => [
      ...Object.entries(accessTables).map(([name, spec]) => createTable(name, spec, flavour)),
      ...Object.entries(accessColumns).flatMap(([table, columns]) => addColumns(table, columns, flavour)),
      ...accessIndexes,
    ],
  },
  {
    version: 7,
    name: 'routes',
    statements: (flavour) => [
      ...Object.entries(routeTables).map(([name, spec]) => createTable(name, spec, flavour)),
      ...flavour.insertOnly('route_versions'),
    ],
  },
  { version: 8, name: 'lineage', statements: () => lineageIndexes },
  { version: 9, name: 'exports', statements: () => exportIndexes },
  {
    version: 10,
    name: 'months',
    alone: true,
    statements: (flavour) => [
      ...Object.entries(monthTables).map(([name, spec]) => createTable(name, spec, flavour)),
      ...Object.entries(monthColumns).flatMap(([table, columns]) => addColumns(table, columns, flavour)),
      ...monthIndexes,
      ...monthRows,
      ...flavour.insertOnly('month_closes'),
    ],
  },
  { version: 11, name: 'erasure', statements: () => erasureIndexes },
  {
    version: 12,
    name: 'retention',
    statements: (flavour) => Object.entries(retentionColumns).flatMap(([table, columns]) => addColumns(table, columns, flavour)),
  },
  {
    version: 13,
    name: 'records',
    statements: (flavour) => [
      ...Object.entries(recordColumns).flatMap(([table, columns]) => addColumns(table, columns, flavour)),
      ...recordIndexes,
      ...deletableEventRules(flavour),
    ],
  },
  {
    version: 14,
    name: 'fine',
    alone: true,
    statements: (flavour) => [
      ...Object.entries(fineTables).map(([name, spec]) => createTable(name, spec, flavour)),
      ...fineIndexes,
      ...backfillFine(flavour),
    ],
  },
  {
    version: 15,
    name: 'quality',
    statements: (flavour) => [
      ...Object.entries(qualityTables).map(([name, spec]) => createTable(name, spec, flavour)),
      ...Object.entries(qualityColumns).flatMap(([table, columns]) => addColumns(table, columns, flavour)),
      ...qualityIndexes,
      ...qualityRules(flavour),
    ],
  },
  {
    version: 16,
    name: 'batches',
    statements: (flavour) => [
      ...Object.entries(batchTables).map(([name, spec]) => createTable(name, spec, flavour)),
      ...batchIndexes,
    ],
  },
  {
    version: 17,
    name: 'classes',
    statements: (flavour) => [
      ...Object.entries(classTables).map(([name, spec]) => createTable(name, spec, flavour)),
      ...Object.entries(classColumns).flatMap(([table, columns]) => addColumns(table, columns, flavour)),
    ],
  },
  {
    version: FLOORS_SINCE,
    name: 'floors',
    statements: (flavour) => Object.entries(floorTables).map(([name, spec]) => createTable(name, spec, flavour)),
  },
  { version: 19, name: 'report-indexes', statements: () => reportIndexes },
  {
    version: 20,
    name: 'unpriced',
    alone: true,
    statements: (flavour) => [
      ...Object.entries(unpricedColumns).flatMap(([table, columns]) => addColumns(table, columns, flavour)),
      ...unpricedRules,
    ],
  },
]

/** The schema this build writes and reads. */
export const latestVersion = migrations.at(-1)?.version ?? 0
