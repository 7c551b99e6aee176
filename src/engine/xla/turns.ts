/**
 * Calls that wait on a thread take turns: koffi takes 256 at once and throws at the next, and every one of them holds a thread
 * of libuv's pool, which has four and also reads the process's files, for which a call itself waits where hosts meet in a
 * folder. XLA's work is done by threads of its own.
 */
const AT_ONCE = 2

let running = 0
const waiting: (() => void)[] = []

export async function inTurn<T>(call: () => Promise<T>): Promise<T> {
  if (running === AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
  else running++
  try {
    return await call()
  } finally {
    // Whoever waited longest has the place, and nobody who comes meanwhile.
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}
