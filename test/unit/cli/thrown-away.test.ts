import assert from 'node:assert/strict'
import { test } from 'node:test'
import { thrownAway } from '../../../src/cli/thrown-away.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'

const recipe = (preset: string) => resolveRecipe({ method: 'dino-vmf', preset })
const photo = { width: 400, height: 200, channels: 3 } as const
const square = { width: 300, height: 300, channels: 3 } as const
const gray = { width: 28, height: 28, channels: 1 } as const

test('colour that a gray recipe does not use is told, with the number of images', () => {
  const [colour, ...more] = thrownAway([square, gray, square], recipe('demo'))
  assert.deepEqual(colour?.event, { type: 'thrown_away', what: 'colour', images: 2, share: 2 / 3 })
  assert.match(colour!.text, /^2 of 3 images have three channels/)
  assert.deepEqual(more, [])
})

test('what the shape of the images costs a finished model is told', () => {
  const [margins, ...more] = thrownAway([photo, photo], recipe('small-images'))
  assert.deepEqual(margins?.event, { type: 'thrown_away', what: 'margins', images: 2, share: 0.5 })
  assert.match(margins!.text, /50 % of the area/)
  assert.deepEqual(more, [])
})

test('squares lose nothing that needs telling, gray ones in a colour recipe neither', () => {
  assert.deepEqual(thrownAway([gray], recipe('demo')), [])
  assert.deepEqual(thrownAway([square, gray], recipe('small-images')), [])
  assert.deepEqual(thrownAway([square], recipe('vit-small-16')), [])
})
