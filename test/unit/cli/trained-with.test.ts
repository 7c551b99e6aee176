import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { noteEngine } from '../../../src/cli/trained-with.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kappa-trained-with-'))
})
after(() => rm(folder, { recursive: true }))

const ONNX = { engine: 'onnx', device: 'cpu, 2 threads', devices: 1, precision: 'float32' }
const XLA = { engine: 'xla', device: '2 × cpu, bfloat16', devices: 2, precision: 'bfloat16' }

test('a run that goes on with another engine says so, and one that goes on as before says nothing', async () => {
  assert.equal(await noteEngine(folder, { ...ONNX, step: 0 }), null)
  assert.equal(await noteEngine(folder, { ...ONNX, step: 3 }), null)
  const change = await noteEngine(folder, { ...XLA, step: 3 })
  assert.match(
    change ?? '',
    /with onnx on cpu, 2 threads in float32 until here, and goes on with xla on 2 × cpu, bfloat16:/
  )
  assert.equal(await noteEngine(folder, { ...XLA, step: 5 }), null)
})

test('a run that begins anew has no engine before it, and a damaged note is none', async () => {
  assert.equal(await noteEngine(folder, { ...ONNX, step: 0 }), null)
  await writeFile(join(folder, 'trained-with.json'), '{"engine":')
  assert.equal(await noteEngine(folder, { ...XLA, step: 3 }), null)
})
