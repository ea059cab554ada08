/**
 * What a provider documents as an error, held against what its codec makes of it: each documented error is shown by an exchange
 * of its own, and each exchange that fails is a documented error or an observation.
 */
import { expect } from 'vitest'
import { type DocumentedError, type DocumentedErrors, documentedErrors } from '../../scripts/provider-errors.ts'
import { fixtureNames } from '../../scripts/provider-matrix.ts'
import type { AttemptResult } from '../../src/ports/provider.ts'
import { exchangesOf, type Fixture, readFixture } from './codec-fixture.ts'

/** What is wrong with the list of one type: nothing, when each documented error and each failing exchange is accounted for. */
export function errorListFaults(type: string, root: string): readonly string[] {
  const list = documentedErrors(type, root)
  if (!list) return ['There is no _errors.json: list the errors that the provider documents.']
  const failing = new Map(
    fixtureNames(type, root)
      .map((name) => [name, readFixture(root, type, name)] as const)
      .filter(([, fixture]) => showsFailure(fixture)),
  )
  const documented = list.errors.map(({ fixture }) => fixture)
  const observed = Object.keys(list.observed)
  return [
    ...sourceFaults(list),
    ...list.errors.flatMap((error) => errorFaults(error, failing.get(error.fixture))),
    ...twice([...documented, ...observed]).map((name) => `${name} is listed twice`),
    ...observed.filter((name) => !failing.has(name)).map((name) => `${name} is listed as observed, and shows no failure`),
    ...[...failing.keys()]
      .filter((name) => !documented.includes(name) && !observed.includes(name))
      .map((name) => `${name} is neither a documented error nor observed`),
  ]
}

/** A whole attempt that fails, or a part of one. */
const showsFailure = ({ outcome }: Fixture): boolean => outcome.kind === 'failed' || (outcome.failures?.length ?? 0) > 0

function sourceFaults({ sources, errors }: DocumentedErrors): readonly string[] {
  const used = new Set(errors.map(({ source }) => source))
  return [
    ...[...used].filter((name) => !Object.hasOwn(sources, name)).map((name) => `there is no source ${name}`),
    ...Object.keys(sources)
      .filter((name) => !used.has(name))
      .map((name) => `the source ${name} is not used`),
  ]
}

/** The exchange must carry the documented status, and the documented word in the same answer. */
function errorFaults({ status, code, says, fixture: name }: DocumentedError, fixture: Fixture | undefined): readonly string[] {
  const title = `${status} ${code ?? says}`
  if (!fixture) return [`${title}: no exchange ${name} that fails`]
  const isShown = exchangesOf(fixture).some(
    ({ response }) =>
      (response.status ?? 200) === status &&
      (code === undefined || JSON.stringify(response).includes(JSON.stringify(code).slice(1, -1))),
  )
  return isShown ? [] : [`${title}: no answer of ${name} has this status and code`]
}

const twice = (names: readonly string[]): readonly string[] => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
]

/** The attempt that replayed an exchange ended as the list says of the error it shows. */
export function expectDocumented(result: AttemptResult, type: string, fixture: string, root: string): void {
  const error = documentedErrors(type, root)?.errors.find((each) => each.fixture === fixture)
  if (!error) return
  const failures = result.kind === 'failed' ? [result.failure] : result.failures
  const { as, stage, retryable, billed } = error
  expect(
    failures.map((failure) => ({ as: failure.code, stage: failure.stage, retryable: failure.retryable, billed: failure.billed })),
  ).toContainEqual({
    as,
    stage,
    retryable,
    billed,
  })
}
