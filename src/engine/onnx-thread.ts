/** A thread that runs exported programs for onnx-threads.ts, one after the other. */
import { parentPort } from 'node:worker_threads'
import { invariant } from '../base/errors.ts'
import { type SentError, sentError } from '../base/sent-error.ts'
import type { Feeds, LoadedProgram, Outputs } from './engine.ts'
import { type OnnxOptions, openOnnxFile } from './onnx-session.ts'

export type ThreadOrder =
  | ({ readonly kind: 'open'; readonly program: number; readonly path: string } & OnnxOptions)
  | { readonly kind: 'run'; readonly program: number; readonly feeds: Feeds }
  | { readonly kind: 'close'; readonly program: number }

/** One for every order, in order. */
export type ThreadAnswer = { readonly outputs: Outputs } | { readonly failure: SentError }

const port = parentPort
invariant(port !== null, 'onnx-thread.ts runs as a worker thread only')
const programs = new Map<number, LoadedProgram>()

async function carryOut(order: ThreadOrder): Promise<Outputs> {
  if (order.kind === 'open') {
    programs.set(order.program, await openOnnxFile(order.path, order))
    return {}
  }
  const program = programs.get(order.program)
  invariant(program !== undefined, `program ${order.program} is open`)
  if (order.kind === 'run') return program.run(order.feeds)
  programs.delete(order.program)
  await program.dispose()
  return {}
}

async function answer(order: ThreadOrder): Promise<void> {
  try {
    const outputs = await carryOut(order)
    port?.postMessage({ outputs } satisfies ThreadAnswer)
  } catch (error) {
    port?.postMessage({ failure: sentError(error) } satisfies ThreadAnswer)
  }
}

let previous: Promise<void> = Promise.resolve()
port.on('message', (order: ThreadOrder) => {
  previous = previous.then(() => answer(order))
})
