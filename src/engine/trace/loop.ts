/**
 * A graph as the body of a Loop: several runs in one call, with the state on the device between them. The state then
 * crosses to the host once a call instead of once a run.
 */
import { invariant } from '../../base/errors.ts'
import type { Repeat } from '../program.ts'
import type { GraphNode, GraphValue, Initializer, WholeGraph } from './graph.ts'

// What the body sees must not share a name with what is around it.
const inside = (name: string): string => `run.${name}`

const COUNTER = inside('counter')
const GO_ON = inside('go_on')
const STILL = inside('still')

/**
 * @param outputOf the name that the graph gives to the output of a carried input
 * @returns a graph whose `each` inputs and stacked outputs have a leading free dimension: the number of runs
 */
export function loopOf(body: WholeGraph, repeat: Repeat, outputOf: (name: string) => string): WholeGraph {
  const inputNamed = (name: string): GraphValue => {
    const found = body.inputs.find((input) => input.name === name)
    invariant(found, `the graph has an input ${name}`)
    return found
  }
  const each = repeat.each.map(inputNamed)
  const carried = repeat.carried.map(inputNamed)
  const carriedOutputs = repeat.carried.map(outputOf)
  const stacked = body.outputs.filter(({ name }) => !carriedOutputs.includes(name))
  invariant(each.length > 0, 'something tells how often the loop runs')

  const outputs = [...carriedOutputs, ...stacked.map(({ name }) => name)]
  const loop: GraphNode = {
    op: 'Loop',
    domain: '',
    inputs: [TIMES.outputs[0]!, GO.name, ...repeat.carried],
    outputs,
    attributes: { body: { graph: bodyOf(body, { each, carried, outputs }) } }
  }
  return {
    inputs: body.inputs.map((input) => (each.includes(input) ? stackOf(input) : input)),
    outputs: body.outputs.map((output) => (stacked.includes(output) ? stackOf(output) : output)),
    nodes: [{ ...SHAPE, inputs: [each[0]!.name] }, TIMES, loop],
    initializers: [GO, FIRST]
  }
}

const stackOf = (value: GraphValue): GraphValue => ({ ...value, shape: [-1, ...value.shape] })

const GO: Initializer = { name: 'loop.go', shape: [], type: 'bool', values: [1] }
const FIRST: Initializer = { name: 'loop.first', shape: [], type: 'int64', values: [0] }
const node = (op: string, inputs: readonly string[], output: string): GraphNode => ({
  op,
  domain: '',
  inputs,
  outputs: [output],
  attributes: {}
})
const SHAPE = node('Shape', [], 'loop.shape')
const TIMES = node('Gather', ['loop.shape', 'loop.first'], 'loop.times')

interface BodyParts {
  readonly each: readonly GraphValue[]
  readonly carried: readonly GraphValue[]
  /** Carried first, as Loop wants them. */
  readonly outputs: readonly string[]
}

function bodyOf(graph: WholeGraph, { each, carried, outputs }: BodyParts): WholeGraph {
  const renamed = new Set([...each.map(({ name }) => name), ...carried.map(({ name }) => name), ...outputs])
  const name = (value: string): string => (renamed.has(value) ? inside(value) : value)
  const types = new Map(graph.outputs.map((output) => [output.name, output]))
  return {
    inputs: [
      { name: COUNTER, shape: [], type: 'int64' },
      { name: GO_ON, shape: [], type: 'bool' },
      ...carried.map((value) => ({ ...value, name: inside(value.name) }))
    ],
    outputs: [
      { name: STILL, shape: [], type: 'bool' },
      ...outputs.map((output) => ({ ...types.get(output)!, name: inside(output) }))
    ],
    nodes: [
      node('Identity', [GO_ON], STILL),
      ...each.map((value) => node('Gather', [value.name, COUNTER], inside(value.name))),
      ...graph.nodes.map((one) => ({ ...one, inputs: one.inputs.map(name), outputs: one.outputs.map(name) }))
    ],
    initializers: graph.initializers
  }
}
