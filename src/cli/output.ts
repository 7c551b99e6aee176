/**
 * Where a command's words go. For people: a line that writes over itself on a terminal, a plain line every ten seconds
 * where there is none, all on stderr, so that stdout has results only. For scripts: one JSON object a line on stdout.
 */
import { keysToSnake } from '../base/casing.ts'
import { oneLine, printable, printableJson } from './printable.ts'

const QUIET_MS = 10_000
const CLEAR_LINE = '\r\u001b[K'

export interface OutputEvent {
  readonly type: string
}

export interface Output {
  readonly isJson: boolean
  /** Something that stays: the event for scripts, the text for people. */
  show<Event extends OutputEvent>(event: Event, text: string): void
  /** Something that the next one may overwrite. */
  progress<Event extends OutputEvent>(event: Event, text: string): void
  /** The answer that the command was run for: for people, too, on stdout. */
  result<Event extends OutputEvent>(event: Event, text: string): void
  /** A remark for people only. */
  line(text: string): void
}

/** The parts of `process` that are written to. */
export interface Streams {
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number }
}

export interface OutputOptions {
  readonly isJson: boolean
  readonly streams?: Streams
  /** Milliseconds that only move forward. */
  readonly now?: () => number
}

export function createOutput({ isJson, streams = process, now = () => performance.now() }: OutputOptions): Output {
  const { stdout, stderr } = streams
  const isTerminal = stderr.isTTY === true
  let shownAt = Number.NEGATIVE_INFINITY
  let hasOpenLine = false

  const json = (event: OutputEvent) => void stdout.write(`${printableJson(keysToSnake(event))}\n`)

  function clear(): void {
    if (hasOpenLine) stderr.write(CLEAR_LINE)
    hasOpenLine = false
  }

  function line(text: string): void {
    clear()
    stderr.write(`${printable(text)}\n`)
  }

  function overwritten(said: string): void {
    const text = oneLine(said)
    if (isTerminal) {
      stderr.write(`${CLEAR_LINE}${text.slice(0, Math.max(20, (stderr.columns ?? 80) - 1))}`)
      hasOpenLine = true
    } else if (now() - shownAt >= QUIET_MS) {
      shownAt = now()
      stderr.write(`${text}\n`)
    }
  }

  return {
    isJson,
    show: (event, text) => (isJson ? json(event) : line(text)),
    progress: (event, text) => (isJson ? json(event) : overwritten(text)),
    result(event, text) {
      if (isJson) return json(event)
      clear()
      stdout.write(`${printable(text)}\n`)
    },
    line: (text) => {
      if (!isJson) line(text)
    }
  }
}
