/** Rules about commitments and GPU pools that a shape cannot say. */
import { HalftoneError } from '../error.ts'
import { parseDecimal } from '../money.ts'
import { dateUs } from './dates.ts'
import type { Commitment, GpuPool, PriceBook, Sku } from './price-book.ts'

const isAbove0 = (text: string): boolean => parseDecimal(text).units > 0n

/** Raises one `config_invalid` that lists every problem, each with its path and remedy. */
export function checkPools(book: PriceBook, place: string): void {
  const problems: string[] = []
  const pools = new Map<string, string>()
  for (const sku of book.skus) {
    for (const [index, terms] of (sku.commitments ?? []).entries())
      problems.push(...commitmentProblems(sku, terms).map((problem) => `${sku.id}: commitments[${index}]: ${problem}`))
    if (!sku.gpuPool) continue
    problems.push(...poolProblems(sku.gpuPool).map((problem) => `${sku.id}: gpuPool: ${problem}`))
    const { id = sku.id, throughput: _own, overheadSeconds: _overhead, startUp: _start, measure: _how, ...shared } = sku.gpuPool
    const text = JSON.stringify(Object.entries(shared).sort())
    if ((pools.get(id) ?? text) !== text)
      problems.push(`${sku.id}: gpuPool: "${id}" has other terms elsewhere; GPUs that are shared have one price.`)
    pools.set(id, text)
  }
  if (problems.length > 0) throw new HalftoneError('config_invalid', problems.map((problem) => `${place}: ${problem}`).join('\n'))
}

function commitmentProblems({ contract }: Sku, terms: Commitment): string[] {
  switch (terms.kind) {
    case 'prepaidCredits':
      return terms.lots.flatMap((lot) => [...endsFirst(lot.startsAt, lot.expiresAt), ...positive('amount', lot.amount)])
    case 'minimumSpend':
      return terms.period === 'contract' && contract?.to === undefined
        ? ['a minimum of the contract needs contract.from and contract.to.']
        : positive('amount', terms.amount)
    case 'reservedCapacity':
      return [...positive('units', terms.units), ...positive('perHour', terms.perHour), ...endsFirst(terms.from, terms.to)]
    case 'batchPrepay':
      return [...positive('minimumBatch', terms.minimumBatch), ...endsFirst(terms.startsAt, terms.expiresAt)]
  }
}

const positive = (key: string, text: string): string[] => (isAbove0(text) ? [] : [`${key} must be above 0.`])
const endsFirst = (from: string | undefined, to: string | undefined): string[] =>
  from !== undefined && to !== undefined && (dateUs(to) ?? 0) <= (dateUs(from) ?? 0) ? ['its end must be after its start.'] : []

function poolProblems(pool: GpuPool): string[] {
  const problems: string[] = []
  if ((pool.pricePerGpuHour === undefined) === (pool.pricePerGpuSecond === undefined))
    problems.push('name one of pricePerGpuHour and pricePerGpuSecond.')
  if (pool.billing === 'wallClock' && (pool.gpus === undefined || pool.from === undefined))
    problems.push('GPUs paid by the wall clock need gpus and from, or idle hours cannot be counted.')
  if (pool.billing === 'busy' && (pool.gpus ?? pool.from ?? pool.to) !== undefined)
    problems.push('gpus, from and to belong to billing: wallClock.')
  const { utilisation = '1', startUp, measure = 'throughput', maxSecondsPerCall } = pool
  if (!isAbove0(utilisation) || Number(utilisation) > 1) problems.push('utilisation must be above 0 and at most 1.')
  if (startUp && !isAbove0(startUp.calls)) problems.push('startUp.calls must be above 0.')
  if (pool.gpus !== undefined) problems.push(...positive('gpus', pool.gpus))
  if (pool.throughput.length === 0) problems.push('throughput needs an entry.')
  for (const [index, { imagesPerSecond: images, megapixelsPerSecond: megapixels }] of pool.throughput.entries()) {
    if ((images === undefined) === (megapixels === undefined))
      problems.push(`throughput[${index}]: name one of imagesPerSecond and megapixelsPerSecond.`)
    else problems.push(...positive(`throughput[${index}]`, images ?? megapixels ?? '0'))
  }
  if (maxSecondsPerCall !== undefined && measure === 'throughput')
    problems.push('maxSecondsPerCall bounds what is measured; name how with measure.')
  return problems
}
