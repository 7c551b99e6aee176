import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRound } from '../../../../src/services/jobs/round.ts'

const upTo = (length: number) => Array.from({ length }, (_, i) => i)
const over = (all: readonly number[]) =>
  createRound<number>(async (behind, limit) => all.filter((one) => behind === null || one > behind).slice(0, limit))

async function seenBy(look: () => AsyncGenerator<readonly number[]>): Promise<number[]> {
  const seen: number[] = []
  for await (const page of look()) seen.push(...page)
  return seen
}

test('a look goes to the end of the list, and the next begins at its beginning', async () => {
  for (const length of [0, 1, 500, 501, 1999]) {
    const look = over(upTo(length))
    for (const _ of [1, 2]) assert.deepEqual(await seenBy(look), upTo(length))
  }
})

test('of a list that is too long for one look the next looks go on behind, and nobody is left out', async () => {
  const look = over(upTo(4_700))
  assert.deepEqual(await seenBy(look), upTo(2_000))
  assert.deepEqual([...(await seenBy(look)), ...(await seenBy(look))], upTo(4_700).slice(2_000))
  assert.deepEqual(await seenBy(look), upTo(2_000))
})

test('a page that fails is not looked at again before what is behind it', async () => {
  const look = over(upTo(1_200))
  await assert.rejects(async () => {
    for await (const _ of look()) throw new Error('so it was')
  })
  assert.deepEqual(await seenBy(look), upTo(1_200).slice(500))
})
