/**
 * What the embedded database is when it has been set up, migrated and has the queue's schema: the runner makes it once, and tests begin with a copy.
 * `initdb` in WebAssembly and the migrations take 5 s of a processor, for each of some thirty databases of a run. A file that is run by itself
 * sets up its own.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '../../src/base/log.ts'
import { startEmbeddedProcess } from './embedded-process.ts'

const VARIABLE = 'KAPPA_TEST_EMBEDDED_TEMPLATE'
/** Its port and password, which a copy draws anew. */
const ADDRESS = 'address.json'

export interface EmbeddedTemplate {
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** For the runner. */
export async function makeEmbeddedTemplate(): Promise<EmbeddedTemplate> {
  const { startBoss } = await import('../../src/queue/boss.ts')
  const { migrate } = await import('../../src/storage/postgres/migrate.ts')
  const folder = await mkdtemp(join(tmpdir(), 'kappa-template-'))
  const postgres = await startEmbeddedProcess(folder)
  await migrate(postgres.url)
  const options = { max: 2, name: 'template', supervise: false, logger: silentLogger }
  const boss = await startBoss({ url: postgres.url, ...options })
  await boss.stop({ graceful: false })
  await postgres.stop()
  await rm(join(folder, ADDRESS))
  return { env: { [VARIABLE]: folder }, stop: () => rm(folder, { recursive: true, force: true }) }
}

/** @param folder of the database that is started next; stays as it is where the runner made no template */
export async function layEmbedded(folder: string): Promise<void> {
  const template = process.env[VARIABLE]
  if (template !== undefined) await cp(template, folder, { recursive: true })
}
