/**
 * Stops a process of the platform once, whoever asks: SIGTERM, Ctrl-C, or a parent that is gone.
 *
 * Ctrl-C may arrive several times (the terminal tells every process, npm tells its child again), so the second signal must not
 * cut short what the first one began; that is why this is not one of the packages that exit at it. At SIGTERM npm ends and
 * tells nobody: below it the parent is watched instead.
 */
const WATCH_PARENT_MS = 500

export function onStop(close: () => Promise<void>): void {
  let isStopping = false
  const stop = async () => {
    if (isStopping) return
    isStopping = true
    await close()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  // Below a supervisor, which hears Ctrl-C as well and says who stops first.
  process.on('SIGINT', () => void (process.connected || stop()))
  process.on('disconnect', stop)
  // Elsewhere a parent may go as it likes: with `nohup node … &` the shell does.
  if (process.env['npm_lifecycle_event'] !== undefined && !process.connected) whenOrphaned(stop)
}

function whenOrphaned(stop: () => Promise<void>): void {
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) void stop()
  }, WATCH_PARENT_MS).unref()
}
