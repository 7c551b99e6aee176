import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../../src/base/errors.ts'
import type { XlaBuffer } from '../../../../src/engine/xla/buffer.ts'
import type { XlaClient } from '../../../../src/engine/xla/client.ts'
import { additionOf, cpuClient, whyNoXla } from '../../../helpers/pjrt.ts'
import { turnsDuring } from '../../../helpers/turns-during.ts'

const SKIP = { skip: whyNoXla }
const ROW = { dtype: 'float32', shape: [3] } as const

const putRow = (client: XlaClient, device: number, values: readonly number[]): Promise<XlaBuffer> =>
  client.put(Float32Array.from(values), ROW, client.devices[device]!)

const readRow = async (buffer: XlaBuffer): Promise<number[]> => [...(await buffer.read(new Float32Array(3)))]

/** The sum of the arguments of all replicas. */
const allReduce = (replicas: number): string => `module @everywhere attributes {mhlo.num_replicas = ${replicas} : i32} {
  func.func public @main(%x: tensor<3xf32>) -> tensor<3xf32> {
    %sum = "stablehlo.all_reduce"(%x) <{
      replica_groups = dense<[[${Array.from({ length: replicas }, (_, i) => i).join(', ')}]]> : tensor<1x${replicas}xi64>
    }> ({
      ^bb0(%a: tensor<f32>, %b: tensor<f32>):
        %c = stablehlo.add %a, %b : tensor<f32>
        stablehlo.return %c : tensor<f32>
    }) : (tensor<3xf32>) -> tensor<3xf32>
    return %sum : tensor<3xf32>
  }
}`

const square = (size: number): string => `module @products {
  func.func public @main(%a: tensor<${size}x${size}xf32>) -> tensor<${size}x${size}xf32> {
    %b = stablehlo.dot_general %a, %a, contracting_dims = [1] x [0] : (tensor<${size}x${size}xf32>, tensor<${size}x${size}xf32>) -> tensor<${size}x${size}xf32>
    return %b : tensor<${size}x${size}xf32>
  }
}`

test('a donated argument is consumed, and the others stay', SKIP, async () => {
  const client = cpuClient()
  const program = await client.compile(additionOf([3]), { replicas: 1 })
  const [a, b] = [await putRow(client, 0, [1, 2, 3]), await putRow(client, 0, [10, 20, 30])]
  const [[sum]] = (await program.execute([[a, b]])) as [[XlaBuffer]]
  assert.deepEqual(await readRow(sum), [11, 22, 33])
  assert.deepEqual(await readRow(b), [10, 20, 30])
  await assert.rejects(readRow(a), /donated/)
  const [[again]] = (await program.execute([[sum, b]])) as [[XlaBuffer]]
  assert.deepEqual(await readRow(again), [21, 42, 63])
  await assert.rejects(readRow(sum), /donated/)
})

test('replicas run at once, each on its own device, and reduce together', SKIP, async () => {
  const client = cpuClient(4)
  const program = await client.compile(allReduce(4), { replicas: 4 })
  const args = await Promise.all(client.devices.map(async ({ index }) => [await putRow(client, index, [1, index, 0])]))
  const results = await program.execute(args)
  assert.deepEqual(await Promise.all(results.map(([sum]) => readRow(sum!))), Array(4).fill([4, 6, 0]))
})

test('a program that was serialized computes the same after it is loaded', SKIP, async () => {
  const client = cpuClient(2)
  const compiled = await client.compile(allReduce(2), { replicas: 2 })
  const bytes = compiled.serialize()
  compiled.dispose()
  compiled.dispose()
  const program = await client.load(bytes, { replicas: 2 })
  const args = [[await putRow(client, 0, [1, 2, 3])], [await putRow(client, 1, [1, 2, 3])]]
  const [, [sum]] = (await program.execute(args)) as [[XlaBuffer], [XlaBuffer]]
  assert.deepEqual(await readRow(sum), [2, 4, 6])
  await assert.rejects(client.load(bytes.subarray(0, 100), { replicas: 2 }), (error) => isAppError(error, 'internal'))
})

test('the event loop turns while a program is compiled and while it runs', SKIP, async () => {
  const client = cpuClient()
  const size = 1600
  /** A call that blocks leaves a turn or two between it and the next. */
  const many = 4
  const program = await client.compile(square(size), { replicas: 1 })
  const spec = { dtype: 'float32', shape: [size, size] } as const
  const a = await client.put(new Float32Array(size * size).fill(0.5), spec, client.devices[0]!)
  assert.ok((await turnsDuring(client.compile(square(64), { replicas: 1 }))) > many)
  let product: XlaBuffer[][] | undefined
  assert.ok((await turnsDuring(program.execute([[a]]).then((results) => (product = results)))) > many)
  const [first] = await product![0]![0]!.read(new Float32Array(size * size))
  assert.equal(first, size / 4)
})

test('a program knows what memory it takes', SKIP, async () => {
  const client = cpuClient()
  const { memory } = await client.compile(additionOf([256]), { replicas: 1 })
  const { argumentBytes, outputBytes, aliasBytes } = memory
  assert.deepEqual(
    { argumentBytes, outputBytes, aliasBytes },
    { argumentBytes: 2048, outputBytes: 1024, aliasBytes: 1024 }
  )
  assert.equal(memory.totalBytes, 2048 + memory.temporaryBytes + memory.codeBytes)
})

test('more memory than there is makes an out_of_memory that says how much', SKIP, async () => {
  const client = cpuClient()
  const huge = `tensor<${2 ** 45}xf32>`
  const program = await client.compile(
    `module { func.func public @main(%x: tensor<f32>) -> ${huge} {
      %y = stablehlo.broadcast_in_dim %x, dims = [] : (tensor<f32>) -> ${huge}
      return %y : ${huge}
    } }`,
    { replicas: 1 }
  )
  const x = await client.put(Float32Array.of(1), { dtype: 'float32', shape: [] }, client.devices[0]!)
  await assert.rejects(
    program.execute([[x]]),
    (error) => isAppError(error, 'out_of_memory') && /140737488355328/.test(error.message)
  )
})

test('a text that is no program is refused with the place of the mistake', SKIP, async () => {
  const client = cpuClient()
  await assert.rejects(
    client.compile('module {\n  nonsense\n}', { replicas: 1 }),
    (error) => isAppError(error, 'internal') && /2:3.*nonsense/.test(error.message)
  )
})

test('too few arguments, or lists for too few devices, are refused', SKIP, async () => {
  const client = cpuClient(2)
  const program = await client.compile(allReduce(2), { replicas: 2 })
  const args = [[await putRow(client, 0, [1, 2, 3])], [await putRow(client, 1, [1, 2, 3])]]
  await assert.rejects(program.execute([[], []]), (error) => isAppError(error, 'internal'))
  await assert.rejects(program.execute(args.slice(1)), (error) => isAppError(error, 'internal'))
  await assert.rejects(client.compile(allReduce(8), { replicas: 8 }), (error) => isAppError(error, 'internal'))
})
