/**
 * Imported into a process under test: prints, when it ends, the most bytes that it ever held, as the kernel has counted
 * them. Not resourceUsage(): its maxRSS begins with what the process had that forked it.
 */
import { readFileSync } from 'node:fs'

process.once('exit', () => {
  const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  process.stdout.write(`${Number(kibibytes) * 1024}`)
})
