/**
 * Runs programs through XLA, on any device with a PJRT plugin. What lies between products is fused, the state stays on the
 * device, and a step may run on several devices, each with its own part of the batch.
 */
import { availableParallelism } from 'node:os'
import { invariant } from '../../base/errors.ts'
import type { Engine, HeldState, LoadedProgram, Precision } from '../engine.ts'
import { checkFeeds } from '../feeds.ts'
import type { Program } from '../program.ts'
import type { TensorSpec } from '../tensor-spec.ts'
import type { XlaClient } from './client.ts'
import type { XlaCompileOptions } from './compile-options.ts'
import { fullestOf, type XlaDevice } from './devices.ts'
import { createHeldBuffers, HeldBuffers } from './held-buffers.ts'
import type { ProgramCache } from './program-cache.ts'
import { runnable, stepOnDevices } from './run-program.ts'
import { kindOf, versionOf } from './version.ts'
import { writeProgram } from './write-program.ts'

export interface XlaEngineOptions {
  readonly client: XlaClient
  /** How many of the client's devices take part in a step. */
  readonly devices?: number
  readonly precision: Precision
  readonly cache: ProgramCache
}

/** The engine owns the client: both end together. */
export function createXlaEngine({ client, devices: count = 1, precision, cache }: XlaEngineOptions): Engine {
  const devices = client.devices.slice(0, count)
  invariant(devices.length === count, `the plugin has ${count} devices`)
  const [first] = devices as [XlaDevice, ...XlaDevice[]]
  const kind = count === 1 ? first.kind : `${count} × ${first.kind}`
  const states = new WeakSet<HeldState>()
  return {
    name: 'xla',
    version: versionOf(client),
    device: [kind, ...(precision === 'float32' ? [] : [precision])].join(', '),
    deviceKind: kindOf(client),
    devices: count,
    mostDevices: mostDevices(client),
    precision,
    fuses: true,
    async load(program, options = {}) {
      const open = async (fixed: Program) => {
        const written = writeProgram(fixed, options, precision)
        const { executable } = await cache.compile(client, written.text, optionsOn(client, 1))
        return runnable(executable, written, { client, device: first })
      }
      return isFree(program) ? openedByBatch(program, open) : open(program)
    },
    async loadStepping(program, options) {
      const written = writeProgram(program, options, precision)
      const { executable } = await cache.compile(client, written.text, optionsOn(client, count))
      return {
        async step(state, feeds) {
          invariant(state instanceof HeldBuffers && states.has(state), 'a held state is of the engine that steps')
          return stepOnDevices({ executable, written, client, devices }, state, feeds)
        },
        dispose: async () => executable.dispose()
      }
    },
    async hold(specs, values) {
      const state = await createHeldBuffers({ client, devices }, specs, values)
      states.add(state)
      return state
    },
    memory: async () => fullestOf(devices),
    dispose: async () => client.dispose()
  }
}

/** The plugin makes as many devices of a CPU as it is asked for; more than cores would wait for each other. */
const mostDevices = (client: XlaClient): number =>
  kindOf(client) === 'cpu' ? Math.max(client.devices.length, availableParallelism()) : client.devices.length

/**
 * The same program gives the same bits again. Which kernels it has is still chosen by timing them, so that a program that
 * is compiled anew may round otherwise; `--xla_gpu_deterministic_ops` in XLA_FLAGS forbids that too.
 */
const REPEATABLE = { xla_gpu_exclude_nondeterministic_ops: true }

export const optionsOn = ({ platform }: XlaClient, replicas: number): XlaCompileOptions => ({
  replicas,
  ...(platform === 'cuda' || platform === 'rocm' ? { overrides: REPEATABLE } : {})
})

const isFreeInput = ({ shape }: TensorSpec): boolean => shape[0] === -1

const isFree = ({ inputs }: Program): boolean => inputs.some(isFreeInput)

export const withBatch = (program: Program, batch: number): Program => ({
  ...program,
  inputs: program.inputs.map((spec) => (isFreeInput(spec) ? { ...spec, shape: spec.shape.with(0, batch) } : spec))
})

/** An embedding run has one size and its last batch's. */
const MOST_BATCH_SIZES = 4

/** XLA compiles for fixed shapes: a free batch is compiled at each size that comes, and the latest few are kept. */
function openedByBatch(program: Program, open: (fixed: Program) => Promise<LoadedProgram>): LoadedProgram {
  const free = program.inputs.filter(isFreeInput)
  /** By batch, the latest used last. */
  const opened = new Map<number, LoadedProgram>()
  const drop = async (batch: number) => {
    const loaded = opened.get(batch)
    opened.delete(batch)
    await loaded?.dispose()
  }
  return {
    async run(feeds) {
      const batch = checkFeeds(free, feeds)[0]!.shape[0]!
      const found = opened.get(batch) ?? (await open(withBatch(program, batch)))
      opened.delete(batch)
      opened.set(batch, found)
      for (const old of [...opened.keys()].slice(0, -MOST_BATCH_SIZES)) await drop(old)
      return found.run(feeds)
    },
    async dispose() {
      for (const batch of [...opened.keys()]) await drop(batch)
    }
  }
}
