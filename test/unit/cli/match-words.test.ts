import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutPartner } from '../../../src/cli/remote/match.ts'

test('prototypes without a partner are said to be those of the model that has them, the first twenty by number', () => {
  const few = withoutPartner(
    [
      { prototype: 3, images: 12 },
      { prototype: 8, images: 1 }
    ],
    'shoes@2'
  )
  assert.equal(few, 'Prototypes of shoes@2 without a partner: 3 (12 images), 8 (1 image).')
  const many = Array.from({ length: 23 }, (_, prototype) => ({ prototype, images: 2 }))
  assert.match(withoutPartner(many, 'shoes@2'), /19 \(2 images\) and 3 more\.$/)
})
