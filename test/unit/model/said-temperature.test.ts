import assert from 'node:assert/strict'
import { test } from 'node:test'
import { saidTemperature } from '../../../src/model/import.ts'

const DINO = { teacher_temp: 0.07, warmup_teacher_temp: 0.04, warmup_teacher_temp_epochs: 31 }
const said = (names: Readonly<Record<string, unknown>>, epochs: number | null) =>
  saidTemperature({ trainingArguments: new Map(Object.entries(names)), epochs })

test('a checkpoint from within the temperature warm-up has the temperature of its last epoch', () => {
  // DINO counts finished epochs: 1 is the first, at the start of the warm-up; 31 ends it.
  assert.equal(said(DINO, 1), 0.04)
  assert.ok(Math.abs(said(DINO, 16)! - 0.055) < 1e-12)
  assert.equal(said(DINO, 31), 0.07)
  assert.equal(said(DINO, 800), 0.07)
})

test('without an epoch or a warm-up the arguments are believed, and without arguments nothing is', () => {
  assert.equal(said(DINO, null), 0.07)
  assert.equal(said({ teacher_temp: 0.05 }, 3), 0.05)
  assert.equal(said({}, 3), undefined)
  assert.equal(said({ teacher_temp: 'warm' }, 3), undefined)
})
