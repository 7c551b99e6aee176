import assert from 'node:assert/strict'
import { test } from 'node:test'
import { INSTALLABLE } from '../../../../src/engine/xla/wheels.ts'

const { 'xla-cuda': cuda, 'xla-cuda-aot': aot } = INSTALLABLE

for (const [name, engine] of Object.entries(INSTALLABLE)) {
  test(`${name} is pinned: every wheel by a file of its name and version, a size and a hash of its own`, () => {
    assert.equal(engine.name, name)
    const { wheels, plugin } = engine
    for (const { name: wheel, version, file, bytes, sha256 } of wheels) {
      assert.ok(file.startsWith(`${wheel.replaceAll('-', '_')}-${version}-py3-none-manylinux`), file)
      assert.match(file, /x86_64\.whl$/)
      assert.match(sha256, /^[0-9a-f]{64}$/)
      assert.ok(Number.isInteger(bytes) && bytes > 1_000_000, file)
    }
    assert.equal(new Set(wheels.map(({ sha256 }) => sha256)).size, wheels.length)
    const kept = wheels.flatMap((wheel) => wheel.kept)
    assert.equal(new Set(kept).size, kept.length)
    assert.ok(kept.includes(plugin))
  })
}

test('the part of xla-cuda that compiles is a part of it, with the same plugin at the same place', () => {
  assert.deepEqual(
    aot.wheels.filter((wheel) => !cuda.wheels.includes(wheel)),
    []
  )
  assert.equal(aot.plugin, cuda.plugin)
  // The plugin looks for ptxas and libdevice two folders above its own.
  const kept = aot.wheels.flatMap((wheel) => wheel.kept)
  for (const tool of ['bin/ptxas', 'nvvm/libdevice/libdevice.10.bc']) assert.ok(kept.includes(`nvidia/cu13/${tool}`))
  assert.equal(aot.plugin.split('/').length, 3)
})
