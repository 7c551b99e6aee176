/** What was done, when: printed as it happens, so that a run which hangs says where. */
export interface Journal {
  /** One line with the seconds since the start. */
  say(line: string): void
}

export function createJournal(): Journal {
  const startedAt = performance.now()
  return {
    say: (line) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(7)
      process.stdout.write(`${seconds} s  ${line}\n`)
    }
  }
}
