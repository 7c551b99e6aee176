import { isAppError } from '../base/errors.ts'

/**
 * Runs what a process does until it is up. What its operator can mend is told in a line; a fault of ours ends the process with its
 * stack, as any other.
 *
 * @param undo what was started before it failed
 */
export async function startUp(start: () => Promise<void>, undo: () => Promise<void> = async () => {}): Promise<void> {
  try {
    await start()
  } catch (error) {
    const line = lineOf(error)
    if (line === null) throw error
    process.stderr.write(`${line}\n`)
    await undo()
    process.exit(1)
  }
}

/** Null for what is no operator's to mend. */
function lineOf(error: unknown): string | null {
  if (isAppError(error)) return error.message
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') return null
  const { address, port } = error as Error & { readonly address?: string; readonly port?: number }
  return `Another process listens on ${address}:${port}: PORT, or KAPPA_WORKER_PORT of a worker, names another port.`
}
