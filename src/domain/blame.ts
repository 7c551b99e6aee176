/**
 * Whose a failure is, and whether work that failed is tried again. A failure is charged to the node that had it until another
 * node has the same:
 *
 *   own      of the recipe, the images or the weights: for good at once
 *   outage   of the object store, the database (or what it undid), or a worker that was told to end: says nothing, never counts
 *   mishap   a process or a worker that was killed or fell silent, a disk that is full or takes nothing: tried elsewhere, ten times without progress
 *   unknown  anything else: for good when two nodes had it, or one three times
 *
 * A node that failed leaves the work to others as long as there are some.
 */

/** One try that came to nothing. */
export interface Failure {
  readonly code: string
  readonly message: string
  /** Of the worker: the same after a restart. */
  readonly node: string
  /** Where training stood; null where nothing is trained. */
  readonly step: number | null
  /** ISO 8601. */
  readonly at: string
}

type Blame = 'own' | 'outage' | 'mishap' | 'unknown'

const BLAMES: Readonly<Record<string, Blame>> = {
  storage_unavailable: 'outage',
  database_unavailable: 'outage',
  database_read_only: 'outage',
  write_conflict: 'outage',
  schema_outdated: 'outage',
  preempted: 'outage',
  worker_lost: 'mishap',
  trainer_killed: 'mishap',
  trainer_stalled: 'mishap',
  storage_full: 'mishap',
  disk_unusable: 'mishap',
  internal: 'unknown',
  trainer_crashed: 'unknown',
  out_of_memory: 'unknown',
  engine_unavailable: 'unknown',
  program_untraceable: 'unknown',
  process_not_started: 'unknown',
  object_not_found: 'unknown',
  object_damaged: 'unknown'
}

/** Of everybody's, whatever the work is; a worker that is told to end fails nothing. */
export const BLAMED_CODES = Object.keys(BLAMES).filter((code) => code !== 'preempted')

export const blameOf = (code: string): Blame => BLAMES[code] ?? 'own'

/** At one place: ten mishaps are a quarter of an hour of waiting. */
export const MOST_MISHAPS = 10
const MOST_ON_ONE_NODE = 3

/** Waits of a node that is alone with its trouble: long enough for a disk or a driver to come back. */
const ALONE_WAITS_S = [5, 30]
const LONGEST_WAIT_S = 300

/** @param failures of the work since it last got further, the newest last */
export function isForGood(failures: readonly Failure[]): boolean {
  const last = failures.at(-1)
  if (last === undefined) return false
  const blame = blameOf(last.code)
  if (blame === 'own') return true
  if (blame === 'outage') return false
  if (blame === 'mishap') return failures.filter(({ code }) => blameOf(code) === 'mishap').length >= MOST_MISHAPS
  const alike = failures.filter(({ code }) => code === last.code)
  return new Set(alike.map(({ node }) => node)).size > 1 || alike.length >= MOST_ON_ONE_NODE
}

/** Seconds: 0, 1, 3, 7, … up to five minutes. */
export const backoffS = (tries: number): number =>
  Math.min(LONGEST_WAIT_S, 2 ** Math.min(Math.max(tries, 1) - 1, 16) - 1)

/**
 * Seconds until the next try.
 *
 * @param others nodes that could have it instead
 */
export function waitAfterS(failures: readonly Failure[], others: readonly string[]): number {
  const last = failures.at(-1)
  if (last === undefined) return 0
  const alike = failures.filter(({ code }) => blameOf(code) === blameOf(last.code)).length
  if (blameOf(last.code) !== 'unknown') return backoffS(alike)
  return others.length > 0 ? 1 : (ALONE_WAITS_S[alike - 1] ?? LONGEST_WAIT_S)
}

/** Whether `node` has failed it and another could have it that has not. */
export function isLeftToOthers(failures: readonly Failure[], node: string, others: readonly string[]): boolean {
  const failed = new Set(failures.filter(({ code }) => blameOf(code) !== 'outage').map((failure) => failure.node))
  return failed.has(node) && others.some((other) => !failed.has(other))
}

/** Whether the newest failure is the node's alone, as far as anybody knows: it says something about the node then. */
export function isOfNode(failures: readonly Failure[]): boolean {
  const last = failures.at(-1)
  if (last === undefined || !['mishap', 'unknown'].includes(blameOf(last.code))) return false
  return failures.every(({ code, node }) => code !== last.code || node === last.node)
}

/** For the end of a message: `Tried 3 times, by a, b.` */
export function triesInWords(failures: readonly Failure[]): string {
  const nodes = [...new Set(failures.map(({ node }) => node))].join(', ')
  return `Tried ${failures.length === 1 ? 'once' : `${failures.length} times`}, by ${nodes}.`
}
