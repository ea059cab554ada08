/** What the columns of FOCUS 1.3 add to the rules of 1.2. There is no published model of 1.3 here: ids are Halftone's own. */
import type { Check, Rule } from './model.ts'

const rule = (id: string, reference: string, check: Check, ...conditions: readonly Check[]): Rule => ({
  id: `FOCUS13-${id}`,
  keyword: 'MUST',
  reference,
  source: 'FOCUS 1.3 specification',
  check,
  conditions,
})
const isNull = (column: string): Check => ['CheckValue', column, null]
const isSet = (column: string): Check => ['CheckNotValue', column, null]

const unsplit = isNull('AllocatedMethodId')

export const rules13: readonly Rule[] = [
  ...['HostProviderName', 'ServiceProviderName'].flatMap((column) => [
    rule(`${column}-1`, column, ['ColumnPresent', column]),
    rule(`${column}-2`, column, ['FormatString', column]),
    rule(`${column}-3`, column, isSet(column)),
  ]),
  ...[
    'AllocatedMethodId',
    'AllocatedMethodDetails',
    'AllocatedResourceId',
    'AllocatedResourceName',
    'AllocatedTags',
    'ContractApplied',
  ].map((column) => rule(`${column}-1`, column, ['ColumnPresent', column])),
  rule('AllocatedMethodId-2', 'AllocatedMethodId', ['FormatString', 'AllocatedMethodId']),
  rule('AllocatedMethodId-3', 'AllocatedMethodId', isSet('AllocatedMethodId'), isSet('AllocatedResourceId')),
  rule('AllocatedMethodDetails-2', 'AllocatedMethodDetails', ['AllocationDetails', 'AllocatedMethodDetails']),
  rule('AllocatedMethodDetails-3', 'AllocatedMethodDetails', isNull('AllocatedMethodDetails'), unsplit),
  rule('AllocatedMethodDetails-4', 'AllocatedMethodDetails', ['AllocationSum', 'AllocatedMethodDetails']),
  rule('AllocatedResourceId-2', 'AllocatedResourceId', ['FormatString', 'AllocatedResourceId']),
  rule('AllocatedResourceName-2', 'AllocatedResourceName', isNull('AllocatedResourceName'), isNull('AllocatedResourceId')),
  rule('AllocatedTags-2', 'AllocatedTags', ['FormatKeyValue', 'AllocatedTags']),
  rule('AllocatedTags-3', 'AllocatedTags', isNull('AllocatedTags'), unsplit),
  // The text of 1.3 that was read is a draft, and published samples repeat tags: a recommendation until it is certain.
  { ...rule('AllocatedTags-4', 'AllocatedTags', ['NoSharedTags', 'AllocatedTags', 'Tags']), keyword: 'SHOULD' },
  rule('ContractApplied-2', 'ContractApplied', ['ContractList', 'ContractApplied']),
]
