import assert from 'node:assert/strict'
import { test } from 'node:test'
import { betaBinomialQuantile } from '../../../src/math/beta-binomial.ts'
import { stabilityLimit, stabilityOf } from '../../../src/math/population-stability.ts'
import { type Prng, prng } from '../../../src/math/prng.ts'

/** Of sixty things, thing k about as often as 1/(k + 1). */
const BOUNDS: number[] = []
for (let k = 0; k < 60; k++) BOUNDS.push((BOUNDS.at(-1) ?? 0) + 1 / (k + 1))

function draw(random: Prng, count: number): Map<number, number> {
  const counts = new Map<number, number>()
  for (let i = 0; i < count; i++) {
    const at = random.uniform() * BOUNDS.at(-1)!
    const thing = BOUNDS.findIndex((bound) => at < bound)
    counts.set(thing, (counts.get(thing) ?? 0) + 1)
  }
  return counts
}

test('samples of one distribution have the index that sampling gives, and pass its limit as seldom as said', () => {
  const random = prng(1)
  const runs = 1500
  let [sum, expected, beyond] = [0, 0, 0]
  for (let i = 0; i < runs; i++) {
    const found = stabilityOf(draw(random, 600), draw(random, 1000))!
    sum += found.psi
    expected += found.expected
    if (found.psi > stabilityLimit(found, 1.645)) beyond++
  }
  assert.ok(Math.abs(sum / expected - 1) < 0.05, `${sum / runs} for ${expected / runs}`)
  assert.ok(Math.abs(beyond / runs - 0.05) < 0.02, `${beyond / runs} beyond the limit of 5 %`)
})

test('what is another distribution passes the limit, and its groups say where', () => {
  const random = prng(2)
  const fresh = new Map([...draw(random, 2000)].map(([thing, count]) => [thing === 1 ? 40 : thing, count]))
  const found = stabilityOf(draw(random, 2000), fresh)!
  assert.ok(found.psi > stabilityLimit(found, 3.09) && found.psi > 0.25, String(found.psi))
  const most = found.groups.reduce((one, other) => (other.part > one.part ? other : one))
  assert.deepEqual([most.members, most.fresh], [[1], 0])
})

test('rare things are put together by number until the smaller sample is expected to have fifty', () => {
  const old = new Map([
    [5, 900],
    [2, 60],
    [9, 40],
    [4, 30],
    [1, 0]
  ])
  const fresh = new Map([
    [5, 1000],
    [77, 30]
  ])
  const groupsOf = (of: ReturnType<typeof stabilityOf>) =>
    of!.groups.map(({ members, old: before, fresh: now }) => [members, before, now])
  assert.deepEqual(groupsOf(stabilityOf(old, fresh)), [
    [[5], 900, 1000],
    [[2], 60, 0],
    [[4, 9], 70, 30]
  ])
  // Of half as many new ones, sixty of old are thirty: too few.
  assert.deepEqual(groupsOf(stabilityOf(old, new Map([[5, 515]]))), [
    [[5], 900, 515],
    [[2, 4, 9], 130, 0]
  ])
})

test('one group is nothing to compare', () => {
  assert.equal(stabilityOf(new Map([[3, 5000]]), new Map([[4, 5000]])), null)
  assert.equal(
    stabilityOf(
      new Map([
        [3, 60],
        [4, 60]
      ]),
      new Map([[3, 40]])
    ),
    null
  )
})

test('a beta-binomial count is below its quantile as often as said, and summed for a million trials', () => {
  // Beta(1, 1) is any share alike, and so any of the eleven counts of ten trials.
  assert.deepEqual(
    [0.05, 0.5, 0.92].map((share) => betaBinomialQuantile({ trials: 10, a: 1, b: 1 }, share)),
    [0, 5, 10]
  )
  // A share that is known well is binomial: 2.5 % of a hundred fair coins are 60 and more.
  assert.equal(betaBinomialQuantile({ trials: 100, a: 1e9, b: 1e9 }, 0.975), 60)
  const most = betaBinomialQuantile({ trials: 1_000_000, a: 5e6, b: 95e6 }, 0.999)
  assert.ok(Math.abs(most - (50_000 + 3.09 * Math.sqrt(47_500 * 1.01))) < 5, String(most))
})
