/** From what the operator wants to what this machine has. */
import { type DeviceWish, wishInWords } from '../base/devices.ts'
import { type AppError, isAppError } from '../base/errors.ts'
import { createEngine } from './create-engine.ts'
import type { Engine, EngineName, Precision } from './engine.ts'
import { checkPlain, unavailable } from './engine-rules.ts'
import { type FoundPlugin, findPlugin } from './xla/find-plugin.ts'
import { openXlaEngine } from './xla/open-xla.ts'

/** What the environment says. */
export interface EngineChoice {
  /** `auto` is xla where its plugin computes on a GPU, else onnx. tfjs-node-gpu, which was never tried, has to be asked for. */
  readonly name: EngineName | 'auto'
  /** Of matrix products in training; `auto` is bfloat16 for xla on a GPU and float32 elsewhere. */
  readonly precision: Precision | 'auto'
  /** Of xla: a file or a folder, instead of what is installed. */
  readonly plugin: string | null
  /** Of xla: how much of a GPU's memory it may take. */
  readonly memoryFraction: number | null
  /** Of xla: where compiled programs are kept. */
  readonly programsFolder: string
}

/** What a run says. */
export interface EngineNeeds {
  /** What it has to compute on; by default whatever the choice comes to. */
  readonly device?: DeviceWish['device'] | undefined
  /** Of an engine on the CPU; all cores by default. Equal results need equal threads. */
  readonly threads?: number | undefined
  /** That take part in a step, each with its part of the batch. */
  readonly devices?: number | undefined
}

export interface ChosenEngine {
  readonly engine: Engine
  /** Why `auto` passed over a GPU that is there, with what to do about it. */
  readonly problem?: string
}

/** How a plugin is found and opened. */
export interface XlaAccess {
  readonly find: typeof findPlugin
  readonly open: typeof openXlaEngine
}

/** @throws AppError engine_unavailable when what is asked for cannot be had */
export async function chooseEngine(
  choice: EngineChoice,
  needs: EngineNeeds = {},
  access: XlaAccess = { find: findPlugin, open: openXlaEngine }
): Promise<ChosenEngine> {
  const { name } = choice
  const { device = 'any' } = needs
  if (name === 'xla') return openXla(choice, needs, access)
  if (name !== 'auto') return { engine: await computingOn(device, otherEngine(name, choice, needs)) }
  if (device === 'cpu') return { engine: otherEngine('onnx', choice, needs) }
  const { engine, problem } = await tryGpu(choice, needs, access)
  if (engine) return { engine }
  if (device === 'gpu')
    throw unavailable(`A GPU was asked for and cannot be had: ${problem ?? 'this machine has none'}.`)
  const because = problem === undefined ? {} : { problem }
  return { engine: otherEngine('onnx', choice, { ...needs, ...because }), ...because }
}

async function openXla(choice: EngineChoice, needs: EngineNeeds, { find, open }: XlaAccess): Promise<ChosenEngine> {
  const plugin = await find(choice.plugin)
  if ('reason' in plugin) throw unavailable(`The xla engine cannot be used: ${plugin.reason}.`)
  const { device = 'any', ...wish } = needs
  const { platform } = plugin
  // Seconds are not spent on a library that says in its name that it is the wrong one.
  if (device !== 'any' && platform !== null && platform !== device) throw elsewhere(device, 'xla', platform)
  const engine = await computingOn(device, await open(plugin, { ...choice, ...wish }))
  return { engine, ...(plugin.missing === undefined ? {} : { problem: plugin.missing }) }
}

interface Tried {
  readonly engine?: Engine
  readonly problem?: string
}

/** Nothing is said of a machine without a GPU, where nothing was passed over. */
async function tryGpu(choice: EngineChoice, needs: EngineNeeds, { find, open }: XlaAccess): Promise<Tried> {
  const plugin = await find(choice.plugin)
  if ('reason' in plugin) return choice.plugin !== null || plugin.isForGpu ? { problem: plugin.reason } : {}
  if (plugin.platform === 'cpu') return plugin.missing === undefined ? {} : { problem: plugin.missing }
  return tryPlugin(plugin, choice, needs, open)
}

async function tryPlugin(
  plugin: FoundPlugin,
  choice: EngineChoice,
  { device = 'any', ...wish }: EngineNeeds,
  open: XlaAccess['open']
): Promise<Tried> {
  try {
    return { engine: await computingOn(device, await open(plugin, { ...choice, ...wish })) }
  } catch (error) {
    if (isAppError(error, 'engine_unavailable')) return { problem: error.message.replace(/\.$/, '') }
    throw error
  }
}

function otherEngine(
  name: Exclude<EngineName, 'xla'>,
  choice: EngineChoice,
  { threads, devices = 1, problem }: EngineNeeds & { readonly problem?: string }
): Engine {
  checkPlain(name, choice, { devices, problem })
  return createEngine({ name, threads })
}

/** @throws AppError engine_unavailable, the engine disposed of, when it computes on something else */
async function computingOn(device: DeviceWish['device'], engine: Engine): Promise<Engine> {
  const { name, deviceKind } = engine
  if (device === 'any' || device === deviceKind) return engine
  await engine.dispose()
  throw elsewhere(device, name, deviceKind)
}

const elsewhere = (device: DeviceWish['device'], name: EngineName, kind: string): AppError =>
  unavailable(
    `${sentence(wishInWords({ device, devices: 1 }))} was asked for, and the ${name} engine of this machine computes on a ${kind.toUpperCase()}.`
  )

const sentence = (words: string): string => `${words[0]!.toUpperCase()}${words.slice(1)}`
