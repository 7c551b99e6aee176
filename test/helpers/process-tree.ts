/** Processes below one of ours, as the kernel knows them (Linux). */
import { readFileSync } from 'node:fs'

export interface Descendant {
  readonly pid: number
  readonly command: string
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // it has ended meanwhile
  }
}

export function descendantsOf(pid: number | undefined): Descendant[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number)
  return children.flatMap((child) => [
    { pid: child, command: read(`/proc/${child}/cmdline`).replaceAll('\0', ' ').trim() },
    ...descendantsOf(child)
  ])
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
