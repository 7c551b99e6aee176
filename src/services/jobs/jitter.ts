import { randomInt } from 'node:crypto'

/**
 * Seconds, another number each time. Workers look at their queues at a fixed pace: of two the same one would be first at every
 * job that comes at a fixed pace, too, and where that is the one which leaves it to the other nobody ever takes it.
 */
export const jitterS = (): number => randomInt(100, 3000) / 1000
