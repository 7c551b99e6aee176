/** A secret from whoever runs the command: typed without being shown, or the first line of a pipe. */
import { text as readAll } from 'node:stream/consumers'

const ENTER = new Set(['\r', '\n'])
const INTERRUPT = '\u0003'
const END = '\u0004'
const BACKSPACE = new Set(['\u007f', '\b'])

export interface SecretInput extends NodeJS.ReadableStream {
  readonly isTTY?: boolean
  setRawMode?(isRaw: boolean): unknown
}

/** Null when Ctrl-C was pressed, or the input ended. */
export async function readSecret(
  question: string,
  input: SecretInput,
  output: { write(text: string): unknown }
): Promise<string | null> {
  if (input.isTTY !== true) return (await readAll(input as NodeJS.ReadStream)).split(/\r?\n/)[0] ?? null
  output.write(question)
  input.setRawMode?.(true)
  input.resume()
  try {
    return await typed(input)
  } finally {
    input.setRawMode?.(false)
    input.pause()
    output.write('\n')
  }
}

function typed(input: SecretInput): Promise<string | null> {
  return new Promise((resolve) => {
    let secret = ''
    const finish = (value: string | null) => {
      input.off('data', onData)
      input.off('end', onEnd)
      resolve(value)
    }
    const onEnd = () => finish(null)
    const onData = (data: Buffer | string) => {
      for (const letter of data.toString()) {
        if (ENTER.has(letter)) return finish(secret)
        if (letter === INTERRUPT || letter === END) return finish(null)
        secret = BACKSPACE.has(letter) ? secret.slice(0, -1) : secret + letter
      }
    }
    input.on('data', onData)
    input.on('end', onEnd)
  })
}
