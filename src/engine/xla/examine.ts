/** The xla engine for the doctor: its plugin, the devices of it, and how fast they are in every precision. */
import { totalmem } from 'node:os'
import { isAppError, toError } from '../../base/errors.ts'
import { PRECISIONS, type Precision } from '../engine.ts'
import type { DeviceReport, EngineReport } from '../engine-report.ts'
import { measureProducts } from '../product-rate.ts'
import type { XlaClient } from './client.ts'
import { findPlugin } from './find-plugin.ts'
import { openXlaClient } from './open-xla.ts'
import type { ProgramCache } from './program-cache.ts'
import { versionOf } from './version.ts'
import { createXlaEngine } from './xla-engine.ts'

/** Nothing of the doctor's is worth keeping. */
const UNCACHED: ProgramCache = {
  compile: async (client, text, options) => ({ executable: await client.compile(text, options), isCompiled: true })
}

/** A product takes 30 µs on a large GPU, of which a call is not made. */
const PRODUCTS = { cpu: 1, gpu: 64 } as const
const SIZE = 2048

/** A report for each precision, or one that says why there is none. */
export async function examineXla(named: string | null, threads: number | undefined): Promise<EngineReport[]> {
  const plugin = await findPlugin(named)
  if ('reason' in plugin) return [{ name: 'xla', available: false, problem: plugin.reason }]
  const about = {
    name: 'xla',
    plugin: plugin.path,
    ...(plugin.missing === undefined ? {} : { missing: plugin.missing })
  } as const
  try {
    const client = openXlaClient(plugin, { memoryFraction: null, threads })
    try {
      const facts = { ...about, available: true, version: versionOf(client), devices: client.devices.map(deviceReport) }
      const reports: EngineReport[] = []
      for (const precision of precisionsOn(client)) reports.push({ ...facts, ...(await measured(client, precision)) })
      return reports
    } finally {
      client.dispose()
    }
  } catch (error) {
    const reason = isAppError(error) ? error.details['reason'] : undefined
    return [{ ...about, available: false, problem: String(reason ?? toError(error).message) }]
  }
}

/** Processors multiply in float32; lower precisions are there for tests, and slower. */
const precisionsOn = ({ platform }: XlaClient): readonly Precision[] => (platform === 'cpu' ? ['float32'] : PRECISIONS)

async function measured(client: XlaClient, precision: Precision): Promise<Partial<EngineReport>> {
  const engine = createXlaEngine({ client, precision, cache: UNCACHED })
  const products = PRODUCTS[client.platform === 'cpu' ? 'cpu' : 'gpu']
  return { device: engine.device, precision, ...(await measureProducts(engine, { size: SIZE, products })) }
}

const deviceReport = ({ kind, memory }: XlaClient['devices'][number]): DeviceReport => ({
  kind,
  memoryBytes: memory()?.limitBytes ?? (kind === 'cpu' ? totalmem() : null)
})
