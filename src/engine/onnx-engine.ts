/** Runs programs as ONNX graphs in ONNX Runtime. Every run computes on the calling thread and its pool: use a process. */
import { availableParallelism } from 'node:os'
import * as ort from 'onnxruntime-node'
import type { Engine } from './engine.ts'
import { createOnArrays } from './held-arrays.ts'
import { loaded, type OnnxOptions, openSession } from './onnx-session.ts'
import { encodeModel } from './trace/onnx-model.ts'
import { outputName, traceProgram } from './trace/trace.ts'

export function createOnnxEngine({ threads = availableParallelism() }: OnnxOptions = {}): Engine {
  return {
    name: 'onnx',
    version: `onnxruntime-node ${ort.env.versions.node}`,
    device: `cpu, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    deviceKind: 'cpu',
    precision: 'float32',
    ...createOnArrays(async (program, { constants = {} } = {}) => {
      const session = await openSession(encodeModel(traceProgram(program, { constants }), 'kappa'), threads)
      const inputs = program.inputs.filter(({ name }) => !(name in constants))
      const outputs = program.outputs.map((name) => [name, outputName(program, name)] as const)
      return loaded(session, inputs, outputs)
    })
  }
}
