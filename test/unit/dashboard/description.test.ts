import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  descriptionForm,
  descriptionPatch,
  repeatedName
} from '../../../src/dashboard/features/description/description-patch.ts'

const before = { name: 'shoes', metadata: { team: 'x', note: 'first' } }

test('nothing that was changed is no change, whatever else is typed', () => {
  const form = descriptionForm(before)
  assert.equal(descriptionPatch(before, form), null)
  const empty = { ...form, rows: [...form.rows, { key: 9, name: ' ', value: 'nameless' }] }
  assert.equal(descriptionPatch(before, empty), null)
  assert.equal(descriptionPatch({ name: null }, descriptionForm({ name: null })), null)
})

test('only what was changed is sent: a removed note as null, an empty name as none', () => {
  const rows = [
    { key: 0, name: 'team', value: 'y' },
    { key: 2, name: ' seen ', value: '' }
  ]
  assert.deepEqual(descriptionPatch(before, { name: ' ', rows }), {
    name: null,
    metadata: { team: 'y', note: null, seen: '' }
  })
  assert.deepEqual(descriptionPatch(before, { ...descriptionForm(before), name: 'boots ' }), { name: 'boots' })
})

test('a note under another name is removed and made', () => {
  const rows = [
    { key: 0, name: 'group', value: 'x' },
    { key: 1, name: 'note', value: 'first' }
  ]
  assert.deepEqual(descriptionPatch(before, { name: 'shoes', rows }), { metadata: { team: null, group: 'x' } })
})

test('a name that is there twice is told', () => {
  const rows = [0, 1].map((key) => ({ key, name: 'team', value: String(key) }))
  assert.equal(repeatedName({ name: '', rows }), 'team')
  assert.equal(repeatedName(descriptionForm(before)), null)
})
