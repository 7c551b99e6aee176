/** What this machine can compute with, measured and not looked up. */
import { cpus, totalmem } from 'node:os'
import { isAppError, toError } from '../base/errors.ts'
import { createCpuEngine } from './cpu-engine.ts'
import type { Engine, EngineName } from './engine.ts'
import type { DeviceReport, EngineReport } from './engine-report.ts'
import { hasNvidiaDriver } from './nvidia.ts'
import { createOnnxEngine } from './onnx-engine.ts'
import { measureProducts, type ProductOptions } from './product-rate.ts'
import { createTfjsEngine, type TfjsEngineName } from './tfjs-engine.ts'
import { examineXla } from './xla/examine.ts'

export interface ExamineOptions {
  readonly threads?: number | undefined
  /** KAPPA_PJRT_PLUGIN. */
  readonly plugin?: string | null
}

interface Candidate extends ProductOptions {
  readonly name: EngineName
  readonly create: () => Engine
}

/** Takes some seconds. An engine that cannot run is reported, not thrown. */
export async function examine({ threads, plugin = null }: ExamineOptions = {}): Promise<EngineReport[]> {
  const tfjs = (name: TfjsEngineName): Candidate => ({
    name,
    create: () => createTfjsEngine(name, { threads }),
    size: 2048,
    products: 1
  })
  const onnx = { name: 'onnx', create: () => createOnnxEngine({ threads }) } as const
  const cpu = { name: 'cpu', create: createCpuEngine } as const
  // Of two TensorFlows a process takes the first that loads.
  const isGpuFirst = hasNvidiaDriver()
  const eager = isGpuFirst ? [tfjs('tfjs-node-gpu'), tfjs('tfjs-node')] : [tfjs('tfjs-node'), tfjs('tfjs-node-gpu')]
  const reports = [await report({ ...onnx, size: 2048, products: 1 })]
  reports.push(...(await examineXla(plugin, threads)))
  for (const candidate of eager) reports.push(await report(candidate))
  reports.push(await report({ ...cpu, size: 256, products: 1 }))
  return reports
}

async function report({ name, create, ...options }: Candidate): Promise<EngineReport> {
  try {
    const engine = create()
    const { version, device, precision } = engine
    const rate = await measureProducts(engine, options)
    const devices = name === 'tfjs-node-gpu' ? [{ kind: device, memoryBytes: null }] : [thisMachine()]
    return { name, available: true, device, devices, precision, version, ...rate }
  } catch (error) {
    const reason = isAppError(error) ? error.details['reason'] : undefined
    return { name, available: false, problem: String(reason ?? toError(error).message) }
  }
}

const thisMachine = (): DeviceReport => ({ kind: cpus()[0]?.model.trim() ?? process.arch, memoryBytes: totalmem() })
