/** A step on one of our engines. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { EngineName, Precision } from '../../src/engine/engine.ts'
import type { Recipe } from '../../src/recipe/schema.ts'
import type { OpenRequest } from './engine-child.ts'
import type { Facts, Side, Turn } from './side.ts'

export interface EngineSideOptions {
  readonly precision: Precision | 'auto'
  readonly threads: number
}

/** Of xla two processes: the first compiles, the second finds the program and steps, so that its memory is the steps' own. */
export async function engineSide(engine: EngineName, recipe: Recipe, options: EngineSideOptions): Promise<Side> {
  const programsFolder = await mkdtemp(join(tmpdir(), 'kappa-programs-'))
  const forget = () => rm(programsFolder, { recursive: true, force: true })
  const request = { engine, recipe, programsFolder, ...options }
  try {
    const compiled = engine === 'xla' ? await compileOnce(request) : {}
    const { child, facts } = await opened(request)
    return {
      name: engine,
      facts: { ...compiled, ...facts },
      turn: (schedules) => ask<Turn>(child, schedules),
      async close() {
        await end(child)
        await forget()
      }
    }
  } catch (error) {
    await forget()
    throw error
  }
}

async function compileOnce(request: OpenRequest): Promise<Facts> {
  const { child, facts } = await opened(request)
  await end(child)
  return facts
}

async function opened(request: OpenRequest): Promise<{ readonly child: ChildProcess; readonly facts: Facts }> {
  const child = fork(resolve(import.meta.dirname, 'engine-child.ts'))
  return { child, facts: await ask<Facts>(child, request) }
}

function ask<T>(child: ChildProcess, message: object): Promise<T> {
  return new Promise((answered, failed) => {
    const ended = () =>
      failed(new Error(`the process of the engine ended early (${child.signalCode ?? child.exitCode})`))
    child.once('exit', ended)
    child.once('message', (answer) => {
      child.off('exit', ended)
      answered(answer as T)
    })
    child.send(message)
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.disconnect()
  await ended
}
