/** What keeps the event loop alive after the tests of a file: sockets, servers, children, timers that somebody forgot. */
import assert from 'node:assert/strict'

interface TestScope {
  after(hook: () => Promise<void>): void
}

/** Closing takes a few turns of the event loop: of the kernel, of the other side, of ours. */
const TURNS = 2000

/** The reporter's pipes and file reads are the test runner's. */
const NOT_OURS = new Set(['PipeWrap', 'TTYWrap', 'FSReqCallback', 'FSReqPromise', 'MessagePort', 'Immediate'])

/** Call it last in a file: hooks run in the order in which they were registered, and this one judges the others. */
export function expectNoLeaks(scope: TestScope): void {
  const before = activeResources()
  scope.after(async () => {
    for (let turn = 0; turn < TURNS && surplus(before).length > 0; turn++) {
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    assert.deepEqual(surplus(before), [], 'still open after the tests')
  })
}

const activeResources = (): string[] => process.getActiveResourcesInfo().filter((name) => !NOT_OURS.has(name))

function surplus(before: readonly string[]): string[] {
  const known = [...before]
  return activeResources().filter((name) => {
    const i = known.indexOf(name)
    if (i >= 0) known.splice(i, 1)
    return i < 0
  })
}
