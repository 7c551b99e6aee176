/** A traced graph as the bytes of an ONNX file. */
import onnxProto from 'onnx-proto'
import type { Attribute, GraphNode, GraphValue, Initializer, OnnxType, WholeGraph } from './graph.ts'

const { onnx } = onnxProto

const TYPES: Readonly<Record<OnnxType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9
}

// Opset 17 brought LayerNormalization, and IR 8 is what it belongs to: any runtime since 2022 reads it.
export const OPSET = 17
const IR_VERSION = 8

/** `producer` names what made the file, for whoever opens it. */
export function encodeModel(graph: WholeGraph, producer: string): Uint8Array {
  const model = {
    irVersion: IR_VERSION,
    producerName: producer,
    opsetImport: [
      { domain: '', version: OPSET },
      { domain: 'com.microsoft', version: 1 }
    ],
    graph: {
      name: 'program',
      node: graph.nodes.map(nodeProto),
      initializer: graph.initializers.map(tensor),
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo)
    }
  }
  return onnx.ModelProto.encode(model).finish()
}

const nodeProto = ({ op, domain, inputs, outputs, attributes }: GraphNode): onnxProto.onnx.INodeProto => ({
  opType: op,
  domain,
  input: [...inputs],
  output: [...outputs],
  attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value))
})

function attribute(name: string, value: Attribute): onnxProto.onnx.IAttributeProto {
  const { FLOAT, INT, INTS } = onnx.AttributeProto.AttributeType
  if ('float' in value) return { name, type: FLOAT, f: value.float }
  if ('ints' in value) return { name, type: INTS, ints: [...value.ints] }
  return { name, type: INT, i: 'type' in value ? TYPES[value.type] : value.int }
}

function valueInfo({ name, shape, type }: GraphValue): onnxProto.onnx.IValueInfoProto {
  const dim = shape.map((size) => (size === -1 ? { dimParam: 'batch' } : { dimValue: size }))
  return { name, type: { tensorType: { elemType: TYPES[type], shape: { dim } } } }
}

function tensor({ name, shape, type, values }: Initializer): onnxProto.onnx.ITensorProto {
  return { name, dims: [...shape], dataType: TYPES[type], rawData: rawBytes(type, values) }
}

function rawBytes(type: OnnxType, values: Initializer['values']): Uint8Array {
  const typed = type === 'int64' ? BigInt64Array.from(values, BigInt) : asTyped(type, values)
  return new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength)
}

function asTyped(type: OnnxType, values: Initializer['values']): Float32Array | Int32Array | Uint8Array {
  if (type === 'float32') return values instanceof Float32Array ? values : Float32Array.from(values)
  if (type === 'int32') return values instanceof Int32Array ? values : Int32Array.from(values)
  return values instanceof Uint8Array ? values : Uint8Array.from(values)
}
