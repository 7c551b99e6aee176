/**
 * Callers and things to open, in an order of events that is drawn: callers come, give up, use and leave, sometimes twice;
 * things open and close slowly or fail to. What must never happen is looked for at every event.
 */
import assert from 'node:assert/strict'
import type { Prng } from '../../../src/math/prng.ts'
import { drawnOrder } from '../../helpers/drawn-order.ts'
import { settle } from '../../helpers/fake-clock.ts'

const KEYS = ['a', 'b', 'c', 'd']
const EVENTS = 120

interface Thing {
  readonly key: string
  readonly cost: number
  state: 'opening' | 'open' | 'closing' | 'closed'
  users: number
}

interface Held {
  release(): Promise<void>
}

/** How the cache under test is used. */
export interface Usage<L extends Held> {
  acquire(key: string, signal: AbortSignal | undefined): Promise<L>
  /** The name of the thing that was handed out. */
  nameOf(lease: L): string
}

export function createWorld(random: Prng) {
  const order = drawnOrder(random)
  const things: Thing[] = []
  const failures = new Set<unknown>()
  const left = new Error('the caller left')
  const fail = (what: string): never => {
    const error = new Error(what)
    failures.add(error)
    throw error
  }
  const chance = (share: number) => random.uniform() < share
  const thingOf = (name: string): Thing => things[Number(name.split('.')[1])]!
  let closeErrors = 0
  let expectedCloseErrors = 0

  const openThing = (key: string): Promise<string> => {
    assert.ok(
      things.every((other) => other.key !== key || other.state === 'closed'),
      `${key} is opened while another is`
    )
    const thing: Thing = { key, cost: 1 + random.integer(3), state: 'opening', users: 0 }
    things.push(thing)
    const name = `${key}.${things.length - 1}`
    return order.wait(() => {
      thing.state = chance(0.2) ? 'closed' : 'open'
      return thing.state === 'open' ? name : fail(`${name} does not open`)
    })
  }

  const closeThing = (name: string): Promise<void> => {
    const thing = thingOf(name)
    assert.equal(thing.state, 'open', `${name} is closed while it is ${thing.state}`)
    assert.equal(thing.users, 0, `${name} is closed while it is used`)
    thing.state = 'closing'
    return order.wait(() => {
      thing.state = 'closed'
      if (!chance(0.2)) return
      expectedCloseErrors++
      fail(`${name} does not close`)
    })
  }

  async function call<L extends Held>({ acquire, nameOf }: Usage<L>): Promise<void> {
    const leaver = chance(0.3) ? new AbortController() : undefined
    const leaving = leaver && order.wait(() => leaver.abort(left))
    try {
      const lease = await acquire(KEYS[random.integer(KEYS.length)]!, leaver?.signal)
      const thing = thingOf(nameOf(lease))
      assert.equal(thing.state, 'open', `what is handed out is ${thing.state}`)
      thing.users++
      await order.wait(() => {})
      assert.equal(thing.state, 'open', 'it stays open while it is used')
      thing.users--
      await Promise.all(chance(0.3) ? [lease.release(), lease.release()] : [lease.release()])
    } catch (error) {
      if (error !== left && !failures.has(error)) throw error
    }
    await leaving
  }

  return {
    open: openThing,
    close: closeThing,
    costOf: (name: string): number => thingOf(name).cost,
    onCloseError: (error: unknown): void => {
      assert.ok(failures.has(error), String(error))
      closeErrors++
    },
    drain: () => order.drain(),
    /** Until every caller has left. */
    async live<L extends Held>(usage: Usage<L>): Promise<void> {
      const calls: Promise<void>[] = []
      for (let event = 0; event < EVENTS; event++) {
        if (chance(0.5)) {
          const made = call(usage)
          made.catch(() => {}) // heard by Promise.all below
          calls.push(made)
        } else await order.step()
      }
      let isOver = false
      const all = Promise.all(calls).finally(() => {
        isOver = true
      })
      all.catch(() => {}) // awaited below
      for (let turn = 0; !isOver && turn < 10_000; turn++) await order.step()
      assert.ok(isOver, 'some caller waits for ever')
      await all
      await order.drain()
      await settle()
    },
    openCount: (): number => things.filter(({ state }) => state === 'open').length,
    openCost: (): number => things.reduce((sum, { state, cost }) => sum + (state === 'open' ? cost : 0), 0),
    assertAllClosed(): void {
      assert.ok(things.length > 0)
      assert.deepEqual(
        things.filter(({ state }) => state !== 'closed'),
        [],
        'all is closed at the end'
      )
      assert.equal(closeErrors, expectedCloseErrors, 'every failure to close is reported')
    }
  }
}
