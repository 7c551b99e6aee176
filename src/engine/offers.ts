/** What a machine can train with, found out by opening it. For a process that may die of it: plugins are of others. */
import { totalmem } from 'node:os'
import type { EngineOffer, Machine } from '../base/devices.ts'
import { isAppError } from '../base/errors.ts'
import { chooseEngine, type EngineChoice, type XlaAccess } from './choose-engine.ts'
import type { Engine } from './engine.ts'

/** An offer for every kind of device that a run can have here. Takes a moment, and some seconds where a GPU is opened. */
export async function machineOf(
  choice: EngineChoice,
  { threads }: { readonly threads?: number | undefined } = {},
  access?: XlaAccess
): Promise<Machine> {
  const offers: EngineOffer[] = []
  let problem: string | null = null
  for (const device of ['any', 'cpu', 'gpu'] as const) {
    if (offers.some(({ kind }) => kind === device)) continue
    try {
      const chosen = await chooseEngine(choice, { threads, device }, access)
      offers.push(await offerOf(chosen.engine))
      problem ??= chosen.problem ?? null
      await chosen.engine.dispose()
    } catch (error) {
      if (!isAppError(error, 'engine_unavailable')) throw error
      // That a CPU is no GPU is no problem; that there is nothing at all is one.
      if (device === 'any') problem = error.message.replace(/\.$/, '')
    }
  }
  return { offers, problem }
}

async function offerOf(engine: Engine): Promise<EngineOffer> {
  const { name, version, device, deviceKind: kind, mostDevices: devices, precision } = engine
  const limit = (await engine.memory?.())?.limitBytes ?? null
  const memoryBytes = kind === 'cpu' ? (limit ?? totalmem()) : limit
  return { engine: name, version, device, kind, devices, memoryBytes, precision }
}
