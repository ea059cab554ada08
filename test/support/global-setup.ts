import { createServer } from 'node:http'
import type { TestProject } from 'vitest/node'
import { type PostgresServer, startPostgres } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers with the connection URL of the run's PostgreSQL, which the first question starts. */
    postgresBroker: string
  }
}

/** One PostgreSQL for all workers of a run, started only if a test asks for it and stopped when the run ends. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let postgres: Promise<PostgresServer> | undefined
  const broker = createServer((_, response) => {
    postgres ??= startPostgres()
    postgres.then(
      ({ url }) => response.end(url),
      (error: Error) => response.writeHead(500).end(error.message),
    )
  })
  await new Promise<void>((done) => broker.listen(0, '127.0.0.1', done))
  const address = broker.address()
  if (address === null || typeof address === 'string') throw new Error('the PostgreSQL broker has no port')
  project.provide('postgresBroker', `http://127.0.0.1:${address.port}`)
  return async () => {
    broker.closeAllConnections()
    broker.close()
    await (await postgres?.catch(() => undefined))?.close()
  }
}
