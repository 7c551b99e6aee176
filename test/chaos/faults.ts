/** Everything that goes wrong, by name. Each leaves the world as it found it, or lets it start again by itself. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import type { Prng } from '../../src/math/prng.ts'
import type { KeptAlive } from './kept-alive.ts'
import type { SmallDisk } from './small-disk.ts'
import type { World } from './world.ts'

type Fault = (world: World, random: Prng) => Promise<void>

const between = (random: Prng, lowS: number, highS: number): Promise<void> =>
  sleep(1000 * random.uniformBetween(lowS, highS))

const oneOf = <T>(random: Prng, items: readonly T[]): T => items[random.integer(items.length)]!

async function setReadOnly(world: World, isReadOnly: boolean): Promise<void> {
  const client = new Client({ connectionString: world.databaseUrl })
  client.on('error', () => {}) // the server may be lost by another fault: the query says so
  try {
    await client.connect()
    // In one session: what it sets must not stop it from setting it back.
    await client.query('set default_transaction_read_only = off')
    await client.query(`alter system set default_transaction_read_only = ${isReadOnly ? 'on' : 'off'}`)
    await client.query('select pg_reload_conf()')
  } finally {
    await client.end().catch(() => {}) // the connection is gone already
  }
}

async function stopAndGoOn(one: KeptAlive, seconds: () => Promise<void>): Promise<void> {
  one.kill('SIGSTOP')
  try {
    await seconds()
  } finally {
    one.kill('SIGCONT')
  }
}

/** Faults that would be met by each other and not by the platform: a second one that comes meanwhile does nothing. */
function oneAtATime(): (fault: Fault) => Fault {
  let isBusy = false
  return (fault) => async (world, random) => {
    if (isBusy) return
    isBusy = true
    try {
      await fault(world, random)
    } finally {
      isBusy = false
    }
  }
}

const onServer = oneAtATime()
const onDisk = oneAtATime()

/** The first worker's disk stays whole: what is wrong with every node is wrong with the work. */
const withDisk = (fault: (disk: SmallDisk, random: Prng) => Promise<void>): Fault =>
  onDisk(async ({ disks }, random) => {
    const disk = disks[1]
    if (disk) await fault(disk, random)
  })

export const FAULTS: Readonly<Record<string, Fault>> = {
  'kill a worker': async ({ workers }, random) => oneOf(random, workers).kill('SIGKILL'),
  'end a worker politely': async ({ workers }, random) => oneOf(random, workers).kill('SIGTERM'),
  'kill what a worker has started': async ({ workers }, random) =>
    void oneOf(random, workers).killChild((count) => random.integer(count)),
  'stop a worker beyond its lease': ({ workers, leaseS }, random) =>
    stopAndGoOn(oneOf(random, workers), () => between(random, 1.5 * leaseS, 3 * leaseS)),
  'kill the api': async ({ api }) => api.kill('SIGKILL'),
  'kill inference': async ({ api }, random) => void api.killChild((count) => random.integer(count)),
  'freeze the object store': async ({ proxies }, random) => {
    proxies.objects.set('frozen')
    await between(random, 2, 15)
    proxies.objects.set('passing')
  },
  'lose the object store': async ({ proxies }, random) => {
    proxies.objects.set('refusing')
    await between(random, 1, 8)
    proxies.objects.set('passing')
  },
  'freeze the database': async ({ proxies }, random) => {
    proxies.database.set('frozen')
    await between(random, 2, 12)
    proxies.database.set('passing')
  },
  'lose the database': async ({ proxies }, random) => {
    proxies.database.set('refusing')
    await between(random, 1, 8)
    proxies.database.set('passing')
  },
  'crash the database': onServer(async ({ postgres }, random) => {
    await postgres.crash()
    await between(random, 0.5, 4)
    await postgres.start()
  }),
  'make the database read-only': onServer(async (world, random) => {
    await setReadOnly(world, true)
    await between(random, 2, 10)
    await setReadOnly(world, false)
  }),
  'skew the clock of a worker': async ({ workers }, random) => {
    const worker = oneOf(random, workers)
    worker.setEnvironment({ KAPPA_CHAOS_SKEW_MS: String(Math.round(1000 * random.uniformBetween(-60, 60))) })
    worker.kill('SIGTERM')
  },
  'fill a disk': withDisk(async (disk, random) => {
    disk.fill()
    await between(random, 2, 10)
    disk.empty()
  }),
  'make a disk read-only': withDisk(async (disk, random) => {
    // Refused while a file is open for writing: then nothing was wrong this time.
    if (!disk.setReadOnly(true)) return
    await between(random, 2, 10)
    disk.setReadOnly(false)
  })
}
