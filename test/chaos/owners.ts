/** Objects and records against each other, when nothing runs any more: past the API, and past the proxies. */
import { systemClock } from '../../src/base/clock.ts'
import { type Collected, collectUnowned } from '../../src/services/removals/collection.ts'
import { createS3Store } from '../../src/storage/objects/s3-store.ts'
import { createDatabase } from '../../src/storage/postgres/client.ts'
import { createStores } from '../../src/storage/postgres/unit-of-work.ts'
import type { World } from './world.ts'

/** Workers that died between object and record leave objects: one collection removes them all, and none that has an owner. */
export async function checkOwners(world: World): Promise<readonly string[]> {
  const { s3 } = world
  const database = createDatabase({ url: world.databaseUrl, max: 2, statementTimeoutMs: 30_000 })
  const objects = createS3Store({ ...s3, region: 'us-east-1', forcePathStyle: true, credentials: s3 })
  const noQueue = () => Promise.reject(new Error('nothing is queued here'))
  const stores = createStores(database, { through: () => ({ enqueue: noQueue, dequeue: noQueue, withJob: noQueue }) })
  const collect = (removes: boolean): Promise<Collected> =>
    collectUnowned({ stores, objects, clock: systemClock }, { graceMs: 0, removes })
  try {
    await collect(true)
    const again = await collect(false)
    const broken = again.prefixes === 0 ? [] : [`${again.objects} objects belong to nobody after a collection`]
    const { rows } = await database.pool.query<{
      id: string
      prefix: string
      files: { name: string; bytes: number }[]
    }>("select id, prefix, files from checkpoints where status = 'complete'")
    for (const { id, prefix, files } of rows) {
      for (const { name, bytes } of files) {
        const found = await objects.head(`${prefix}/${name}`)
        if (found?.bytes !== bytes) broken.push(`file ${name} of checkpoint ${id} has ${found?.bytes ?? 'no'} bytes`)
      }
    }
    return broken
  } finally {
    objects.close()
    await database.close()
  }
}
