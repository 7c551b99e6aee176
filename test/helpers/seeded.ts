/** Randomised tests draw from one seed that `npm test` prints; KAPPA_TEST_SEED repeats it. */
import { randomInt } from 'node:crypto'
import { type Prng, prng } from '../../src/math/prng.ts'

export const TEST_SEED = Number(process.env['KAPPA_TEST_SEED'] ?? randomInt(2 ** 31))

/** Independent streams for the rounds of one test. */
export const seeded = (round: number): Prng => prng(TEST_SEED, round)
