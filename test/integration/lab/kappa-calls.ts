/** `kappa` as tests call it. */
import { execFile } from 'node:child_process'
import { type Command, runCommand } from '../../../src/cli/command.ts'
import { createEmbedCommand } from '../../../src/cli/embed.ts'
import { EVALUATE } from '../../../src/cli/evaluate.ts'
import { KNN } from '../../../src/cli/knn.ts'
import { readServingChoice } from '../../../src/composition/config.ts'
import { KAPPA } from './lab-folder.ts'

export interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const COMMANDS: Readonly<Record<string, Command>> = {
  embed: createEmbedCommand(() => readServingChoice({})),
  evaluate: EVALUATE,
  knn: KNN
}

// Every command listens for a reader that goes away until its process ends.
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0)

const inItsProcess = (args: readonly string[]): Promise<Answer> =>
  new Promise((done) => {
    execFile(process.execPath, [KAPPA, ...args], (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    )
  })

async function inThisProcess(name: string, command: Command, args: readonly string[]): Promise<Answer> {
  const said = { stdout: '', stderr: '' }
  const streamOf = (stream: keyof typeof said) => ({
    write(text: string) {
      said[stream] += text
    }
  })
  const streams = { stdout: streamOf('stdout'), stderr: streamOf('stderr') }
  return { code: await runCommand(name, async () => command, { args, streams }), ...said }
}

/**
 * A command's first call starts a process, as users have it. Those that read a model run in this one afterwards: to load
 * the same engine again takes a second of a core each time.
 */
export function createCaller(): (...words: string[]) => Promise<Answer> {
  const wasStarted = new Set<string>()
  return async (...words) => {
    const [name = '', ...args] = words
    const command = COMMANDS[name]
    if (command !== undefined && wasStarted.has(name)) return inThisProcess(name, command, args)
    wasStarted.add(name)
    return inItsProcess(words)
  }
}
