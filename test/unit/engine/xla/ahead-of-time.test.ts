import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../../src/base/errors.ts'
import { hasNvidiaDriver } from '../../../../src/engine/nvidia.ts'
import { compileAhead } from '../../../../src/engine/xla/ahead-of-time.ts'
import { createXlaClient } from '../../../../src/engine/xla/client.ts'
import { GPU_TARGET_NAMES } from '../../../../src/engine/xla/gpu-targets.ts'
import { cudaPlugin, whyNoCudaPlugin, whyNoXla, xlaPlugin } from '../../../helpers/pjrt.ts'

const CUDA = { skip: whyNoCudaPlugin }

const SIZE = 512
const MATRIX = `tensor<${SIZE}x${SIZE}xf32>`
/** A product, and what can be one kernel behind it. */
const PRODUCT = `module @product {
  func.func public @main(%a: ${MATRIX} {tf.aliasing_output = 0 : i32}, %b: ${MATRIX}) -> ${MATRIX} {
    %product = stablehlo.dot_general %a, %b, contracting_dims = [1] x [0] : (${MATRIX}, ${MATRIX}) -> ${MATRIX}
    %wave = stablehlo.sine %product : ${MATRIX}
    %sum = stablehlo.add %wave, %b : ${MATRIX}
    return %sum : ${MATRIX}
  }
}`

for (const target of GPU_TARGET_NAMES) {
  test(`a program is compiled for a ${target} that is not there, and what it takes is known`, CUDA, async () => {
    const { launches, flops, bytes, memory } = await compileAhead(PRODUCT, { plugin: cudaPlugin!, target })
    assert.equal(launches.libraryCalls, 1)
    assert.equal(launches.fusions, 1)
    assert.equal(launches.total, 2)
    assert.equal(flops, 2 * SIZE ** 3)
    const matrixBytes = 4 * SIZE ** 2
    assert.ok(bytes >= 6 * matrixBytes, `${bytes} bytes`)
    assert.equal(memory.argumentBytes, 2 * matrixBytes)
    assert.equal(memory.aliasBytes, matrixBytes)
    assert.ok(memory.totalBytes >= 2 * matrixBytes)
  })
}

test('replicas of a GPU that is not there reduce through a collective', CUDA, async () => {
  const text = `module @sums attributes {mhlo.num_replicas = 2 : i32} {
    func.func public @main(%x: ${MATRIX}) -> ${MATRIX} {
      %sum = "stablehlo.all_reduce"(%x) <{replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>}> ({
        ^bb0(%a: tensor<f32>, %b: tensor<f32>):
          %c = stablehlo.add %a, %b : tensor<f32>
          stablehlo.return %c : tensor<f32>
      }) : (${MATRIX}) -> ${MATRIX}
      return %sum : ${MATRIX}
    }
  }`
  const { launches } = await compileAhead(text, { plugin: cudaPlugin!, target: 'h100', replicas: 2 })
  assert.equal(launches.collectives, 1)
})

test('a plugin that compiles for its own devices only says so', { skip: whyNoXla }, async () => {
  await assert.rejects(
    compileAhead(PRODUCT, { plugin: xlaPlugin!, target: 'h100' }),
    (error) => isAppError(error, 'engine_unavailable') && /Topology not supported/.test(error.message)
  )
})

const skip = whyNoCudaPlugin || (hasNvidiaDriver() ? 'there is a GPU' : false)
test('without a GPU the CUDA plugin loads and says that it sees none', { skip }, () => {
  assert.throws(
    () => createXlaClient({ plugin: cudaPlugin! }),
    (error) => isAppError(error, 'engine_unavailable') && /No visible GPU devices/.test(error.message)
  )
})
