import { setImmediate as nextTurn } from 'node:timers/promises'

/** Of work before others have a turn. */
const TURN_MS = 10

/** What takes long to write whole, while others are answered between its pieces. */
export async function joinedInTurns(pieces: Iterable<string>): Promise<string> {
  const written: string[] = []
  let begun = performance.now()
  for (const piece of pieces) {
    written.push(piece)
    if (performance.now() - begun < TURN_MS) continue
    await nextTurn()
    begun = performance.now()
  }
  return written.join('')
}
