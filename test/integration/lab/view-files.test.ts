/** The file of a view's program: there as long as somebody reads it, and not longer. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { after, test } from 'node:test'
import { openOnnxFile } from '../../../src/engine/onnx-session.ts'
import { createViews } from '../../../src/serving/served-view.ts'
import { makeServedModel } from './served-model.ts'

const cleanUps: (() => unknown)[] = []
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})

test('a view’s file stays until the session that opens behind the others has read it, and goes then', async () => {
  const { folder } = await makeServedModel({ after: (cleanUp) => cleanUps.unshift(cleanUp) })
  let file = ''
  const seen: boolean[] = []
  const openView = createViews(async (path) => {
    file = path
    const program = await openOnnxFile(path, { threads: 1 })
    const readBehind = async () => {
      // Each look takes as long as a step of removing it.
      for (let i = 0; i < 300; i++) await access(path).catch(() => {})
      seen.push(existsSync(path))
    }
    return { ...program, isRead: readBehind() }
  })
  const model = await openView({ folder, view: { kind: 'embed', imageSize: 16 } })
  assert.deepEqual(seen, [true])
  assert.equal(existsSync(file), false)
  await model.dispose()
})
