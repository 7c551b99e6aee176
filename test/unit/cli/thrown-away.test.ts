import assert from 'node:assert/strict'
import { test } from 'node:test'
import { thrownAway } from '../../../src/cli/thrown-away.ts'
import { lookAt } from '../../../src/images/look.ts'
import { createReport } from '../../../src/images/report.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'
import { warningsOf } from '../../../src/recipe/warnings.ts'

const recipe = (preset: string) => resolveRecipe({ method: 'dino-vmf', preset })
const photo = { width: 400, height: 200, channels: 3 } as const
const square = { width: 300, height: 300, channels: 3 } as const
const gray = { width: 40, height: 40, channels: 1 } as const
const small = { width: 28, height: 300, channels: 1 } as const

test('colour that a gray recipe does not use is told, with the number of images', () => {
  const [colour, ...more] = thrownAway([square, gray, square], recipe('demo'))
  assert.deepEqual(colour?.event, { type: 'thrown_away', what: 'colour', images: 2, share: 2 / 3 })
  assert.match(colour!.text, /^2 of 3 images have three channels/)
  assert.deepEqual(more, [])
})

test('nobody is told to ask for colour where the init has none', () => {
  const report = createReport()
  report.add({
    ...square,
    isDeep: false,
    bits: null,
    look: lookAt({ data: Uint8Array.of(9, 0, 0), width: 1, height: 1, channels: 3 })
  })
  const [told] = thrownAway([square], recipe('demo'), { hasInit: true })
  const planned = warningsOf(report.finish(), recipe('demo'), true).find(({ what }) => what === 'colour')
  for (const text of [told!.text, planned!.message]) {
    assert.match(text, /makes them gray, as many channels as the init has$/)
    assert.doesNotMatch(text, /keeps colour/)
  }
})

test('what the shape of the images costs a finished model is told', () => {
  const [margins, ...more] = thrownAway([photo, photo], recipe('small-images'))
  assert.deepEqual(margins?.event, { type: 'thrown_away', what: 'margins', images: 2, share: 0.5 })
  assert.match(margins!.text, /50 % of the area/)
  assert.deepEqual(more, [])
})

test('bits that are not read, and images that are enlarged, are told with their number', () => {
  const report = createReport()
  const look = lookAt({ data: new Uint8Array(16), width: 4, height: 4, channels: 1 })
  for (const isDeep of [true, true, false])
    report.add({ width: 40, height: 40, isDeep, bits: isDeep ? 12 : null, look })
  const [bits, ...more] = thrownAway([gray], recipe('demo'), { report: report.finish() })
  assert.deepEqual(bits?.event, { type: 'thrown_away', what: 'bits', images: 2, share: 0.5 })
  assert.match(bits!.text, /bits 12 is right$/)
  assert.deepEqual(more, [])
  const [upscaled] = thrownAway([gray, small, gray], recipe('small-images')).filter(
    ({ event }) => event.type === 'upscaled'
  )
  assert.deepEqual(upscaled?.event, { type: 'upscaled', images: 1, size: 32 })
})

test('squares lose nothing that needs telling, gray ones in a colour recipe neither', () => {
  assert.deepEqual(thrownAway([gray], recipe('demo')), [])
  assert.deepEqual(thrownAway([square, gray], recipe('small-images')), [])
  assert.deepEqual(thrownAway([square], recipe('vit-small-16')), [])
})
