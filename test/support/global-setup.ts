import { createServer, type Server } from 'node:http'
import type { TestProject } from 'vitest/node'
import { startPostgres } from './postgres.ts'
import { startS3 } from './rgw.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers with the connection URL of the run's PostgreSQL, which the first question starts. */
    postgresBroker: string
    /** Answers with address and key of the run's S3-compatible service, which the first question starts. */
    s3Broker: string
  }
}

interface Service {
  close(): Promise<void>
}

/** One service of a kind for all workers of a run, started only if a test asks for it and stopped when the run ends. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startBroker(startPostgres, ({ url }) => url)
  const s3 = await startBroker(startS3, ({ close: _, ...service }) => JSON.stringify(service))
  project.provide('postgresBroker', postgres.url)
  project.provide('s3Broker', s3.url)
  return async () => {
    await Promise.all([postgres.close(), s3.close()])
  }
}

async function startBroker<S extends Service>(start: () => Promise<S>, answer: (service: S) => string) {
  let service: Promise<S> | undefined
  const broker = createServer((_, response) => {
    service ??= start()
    service.then(
      (started) => response.end(answer(started)),
      (error: Error) => response.writeHead(500).end(error.message),
    )
  })
  await new Promise<void>((done) => broker.listen(0, '127.0.0.1', done))
  return {
    url: urlOf(broker),
    async close() {
      broker.closeAllConnections()
      broker.close()
      await (await service?.catch(() => undefined))?.close()
    },
  }
}

function urlOf(broker: Server): string {
  const address = broker.address()
  if (address === null || typeof address === 'string') throw new Error('the broker has no port')
  return `http://127.0.0.1:${address.port}`
}
