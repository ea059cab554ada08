import { expect, test } from 'vitest'
import type { BatchRecord, FileRecord } from '../../../src/ports/ledger.ts'
import { T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'

const DAY_US = 86_400_000_000

export function batchRules(opened: () => OpenedLedger): void {
  const sha = (digit: string): string => digit.repeat(64)
  const fileOf = (id: string, over: Partial<FileRecord> = {}): FileRecord => ({
    id,
    keyId: 'key-1',
    projectId: 'project-1',
    purpose: 'batch',
    filename: 'in.jsonl',
    bytes: 100,
    sha256: sha('b'),
    createdUs: T0,
    expiresUs: T0 + DAY_US,
    ...over,
  })
  const batchOf = (id: string, over: Partial<BatchRecord> = {}): BatchRecord => ({
    id,
    keyId: 'key-1',
    projectId: 'project-1',
    endpoint: '/v1/images/generations',
    fileId: `file-${id}`,
    metadata: { season: 'summer' },
    state: 'validating',
    createdUs: T0,
    startedUs: null,
    cancellingUs: null,
    finishedUs: null,
    expiresUs: T0 + DAY_US,
    problems: [],
    ...over,
  })
  const made = async (id: string, over: Partial<BatchRecord> = {}): Promise<BatchRecord> => {
    const { batches } = opened().ledger
    await batches.addFile(fileOf(`file-${id}`, { sha256: sha(id.slice(-1)) }))
    await batches.add(batchOf(id, over))
    return batchOf(id, over)
  }
  const lineOf = (line: number) => ({ line, customId: `c${line}`, byteFrom: line * 10, bytes: 9 })
  const refsOf = async (sha256: string): Promise<unknown> =>
    (await opened().harness.query(`SELECT refs FROM blobs WHERE sha256 = '${sha256}'`))[0]?.['refs']
  const nodeId = (): string => opened().owner.nodeId

  test('a file keeps its bytes until it is deleted', async () => {
    const { batches } = opened().ledger
    const file = fileOf('file-kept', { sha256: sha('1') })
    await batches.addFile(file)
    expect(await batches.file('file-kept')).toEqual(file)
    expect(await refsOf(sha('1'))).toBe(1n)
    expect(await batches.deleteFile({ id: 'file-kept', atUs: T0 })).toBe(true)
    expect([await batches.file('file-kept'), await refsOf(sha('1'))]).toEqual([undefined, 0n])
    expect(await batches.deleteFile({ id: 'file-kept', atUs: T0 })).toBe(false)
  })

  test('a file goes when its time is over, but not while a batch reads it', async () => {
    const { ledger } = opened()
    const { batches } = ledger
    await made('batch-reads-2')
    const later = { nowUs: T0 + 2 * DAY_US, limit: 100 }
    await ledger.sweep(later)
    expect([await refsOf(sha('2')), await batches.deleteFile({ id: 'file-batch-reads-2', atUs: T0 })]).toEqual([1n, false])
    await batches.end({ id: 'batch-reads-2', state: 'completed', atUs: T0, dropInput: false })
    expect((await ledger.sweep(later)).deletedBlobs).toContain(sha('2'))
    expect(await batches.file('file-batch-reads-2')).toBeUndefined()
  })

  test('a batch is what was handed in; of a file that is gone there is none', async () => {
    const { batches } = opened().ledger
    const batch = await made('batch-as-made-3')
    expect(await batches.batch(batch.id)).toEqual(batch)
    expect(await batches.counts(batch.id)).toEqual({ total: 0, done: 0, failed: 0, costNanoUsd: 0n })
    await expect(batches.add(batchOf('batch-of-nothing'))).rejects.toMatchObject({ code: 'not_found' })
  })

  test('one idempotency key of one key makes one batch', async () => {
    const { batches } = opened().ledger
    await batches.addFile(fileOf('file-once', { sha256: sha('4') }))
    const add = (id: string, keyId = 'key-1') =>
      batches.add({ ...batchOf(id, { fileId: 'file-once', keyId }), idempotencyKey: 'k' })
    expect(await Promise.all([add('once-1'), add('once-2')])).toEqual([null, 'once-1'])
    expect(await add('once-3', 'key-2')).toBeNull()
    expect(await batches.batch('once-2')).toBeUndefined()
  })

  test('lines wait for their time, end once for good, and are counted with what their requests cost', async () => {
    const { batches } = opened().ledger
    const { id: batchId } = await made('batch-lines-5')
    await batches.addLines({ batchId, lines: [1, 2, 3].map(lineOf), atUs: T0 })
    await batches.addLines({ batchId, lines: [2, 3, 4].map(lineOf), atUs: T0 + 5 })
    await batches.start({ id: batchId, atUs: T0 + 6 })
    const waiting = async (nowUs: number) =>
      (await batches.waiting({ batchId, nowUs, limit: 10 })).map(({ line, tries }) => [line, tries])
    expect(await waiting(T0 + 5)).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0],
    ])
    await batches.postponeLine({ batchId, line: 1, runAtUs: T0 + 50, tried: true })
    await batches.postponeLine({ batchId, line: 2, runAtUs: T0 + 40, tried: false })
    expect(await waiting(T0 + 39)).toEqual([
      [3, 0],
      [4, 0],
    ])
    expect(await waiting(T0 + 50)).toEqual([
      [3, 0],
      [4, 0],
      [2, 0],
      [1, 1],
    ])
    await batches.finishLine({ batchId, line: 3, state: 'done', atUs: T0 + 60, requestId: 'r', httpStatus: 200, links: true })
    await batches.finishLine({ batchId, line: 3, state: 'failed', atUs: T0 + 61, error: { error: {} } })
    await batches.finishLine({
      batchId,
      line: 4,
      state: 'failed',
      atUs: T0 + 62,
      httpStatus: 400,
      error: { error: { code: 'x' } },
    })
    await batches.closeWaiting({ batchId, state: 'cancelled', atUs: T0 + 63 })
    const lines = await batches.lines({ batchId, afterLine: 1, limit: 10 })
    expect(
      lines.map(({ line, state, requestId, httpStatus, links, error }) => [line, state, requestId, httpStatus, links, error]),
    ).toEqual([
      [2, 'cancelled', null, null, false, null],
      [3, 'done', 'r', 200, true, null],
      [4, 'failed', null, 400, false, { error: { code: 'x' } }],
    ])
    const ended = await batches.lines({ batchId, afterLine: 0, limit: 10, states: ['done', 'failed'] })
    expect(ended.map(({ line }) => line)).toEqual([3, 4])
    expect(await batches.counts(batchId)).toMatchObject({ total: 4, done: 1, failed: 3 })
    expect(await batches.batch(batchId)).toMatchObject({ state: 'in_progress', startedUs: T0 + 6 })
  })

  test('a batch is of one living node at a time, and goes to another when that one is closed', async () => {
    const { ledger } = opened()
    const { batches } = ledger
    const { id } = await made('batch-owned-6')
    const claimed = async (node: string) => (await batches.claim({ nodeId: node, limit: 1_000 })).map((batch) => batch.id)
    expect(await claimed('nobody')).toEqual([])
    expect(await claimed(nodeId())).toContain(id)
    expect(await claimed(nodeId())).toContain(id)
    await opened().harness.query(`UPDATE batches SET node_id = 'gone' WHERE id = '${id}'`)
    expect(await claimed(nodeId())).toContain(id)
  })

  test('what is cancelled or over stays so, and an input that is not kept goes with the end', async () => {
    const { batches } = opened().ledger
    const { id } = await made('batch-ended-7')
    expect(await batches.cancel({ id, atUs: T0 + 1 })).toBe(true)
    expect(await batches.cancel({ id, atUs: T0 + 2 })).toBe(false)
    const problems = [{ code: 'invalid_json', message: 'no', param: null, line: 3 }]
    await batches.end({ id, state: 'failed', atUs: T0 + 3, problems, dropInput: true })
    await batches.end({ id, state: 'completed', atUs: T0 + 4, dropInput: false })
    expect(await batches.batch(id)).toMatchObject({ state: 'failed', cancellingUs: T0 + 1, finishedUs: T0 + 3, problems })
    expect([await batches.file(`file-${id}`), await refsOf(sha('7'))]).toEqual([undefined, 0n])
    expect((await batches.claim({ nodeId: nodeId(), limit: 1_000 })).map((batch) => batch.id)).not.toContain(id)
  })

  test('lists are narrowed to a key or a project, newest first, page by page', async () => {
    const { batches } = opened().ledger
    const owner = { keyId: 'key-lists', projectId: 'project-lists' }
    for (const id of ['a', 'b', 'c']) {
      await batches.addFile(
        fileOf(`list-${id}`, { ...owner, sha256: sha('8'), ...(id === 'b' && { purpose: 'vision' as const }) }),
      )
      await batches.add(batchOf(`list-${id}`, { ...owner, fileId: `list-${id}` }))
    }
    const ids = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id)
    expect(ids(await batches.files({ keyId: 'key-lists', limit: 2 }))).toEqual(['list-c', 'list-b'])
    expect(ids(await batches.files({ projectId: 'project-lists', after: 'list-b', limit: 2 }))).toEqual(['list-a'])
    expect(ids(await batches.files({ keyId: 'key-lists', purpose: 'vision', limit: 9 }))).toEqual(['list-b'])
    expect(ids(await batches.batches({ keyId: 'key-lists', limit: 9 }))).toEqual(['list-c', 'list-b', 'list-a'])
    expect(await batches.batches({ keyId: 'somebody', limit: 9 })).toEqual([])
  })
}
