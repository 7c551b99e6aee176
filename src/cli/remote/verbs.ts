/** `kappa pause`, `resume`, `cancel` and `retry`: what the API has under the same names. */
import { dataOf } from '../../client/client.ts'
import type { Run } from '../../client/resources.ts'
import { type Command, EXIT } from '../command.ts'
import { readWords } from '../options.ts'
import { type Connection, connect } from './connection.ts'
import { follow } from './follow.ts'
import { oneRun } from './logs.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from './remote-command.ts'
import { showRun } from './run-words.ts'

interface Verb {
  readonly does: string
  /** Whether the run is at work afterwards. */
  readonly goesOn: boolean
  ask(kappa: Connection, id: string): Promise<Run>
}

const pathOf = (id: string) => ({ params: { path: { id } } })

const VERBS = {
  pause: {
    does: 'Pauses a run: its worker writes a checkpoint and stops.',
    goesOn: false,
    ask: ({ api }, id) => dataOf(api.POST('/v1/runs/{id}:pause', pathOf(id)))
  },
  resume: {
    does: 'Lets a paused run go on from its newest checkpoint.',
    goesOn: true,
    ask: ({ api }, id) => dataOf(api.POST('/v1/runs/{id}:resume', pathOf(id)))
  },
  cancel: {
    does: 'Ends a run. kappa retry lets it go on from its newest checkpoint.',
    goesOn: false,
    ask: ({ api }, id) => dataOf(api.POST('/v1/runs/{id}:cancel', pathOf(id)))
  },
  retry: {
    does: 'Lets a run that failed or was cancelled go on from its newest checkpoint.',
    goesOn: true,
    ask: ({ api }, id) => dataOf(api.POST('/v1/runs/{id}:retry', pathOf(id)))
  }
} as const satisfies Record<string, Verb>

export type VerbName = keyof typeof VERBS

const json = { type: 'boolean' } as const
const OPTIONS = { json } as const
const FOLLOW_OPTIONS = { json, follow: { type: 'boolean' } } as const

export function verbCommand(name: VerbName): Command {
  const { does, goesOn, ask }: Verb = VERBS[name]
  const usage = `${does}

  kappa ${name} RUN${goesOn ? ' [--follow]' : ''}

${goesOn ? '  --follow                  show how far it is until its model is ready; Ctrl-C leaves it going\n' : ''}  --json                    one JSON object a line on stdout; docs/remote.md has their fields

${SERVER_TEXT}
${REMOTE_EXIT_CODES}
`
  return remoteCommand({
    usage,
    async run(args, output) {
      const { values, words } = readWords(args, goesOn ? FOLLOW_OPTIONS : OPTIONS)
      const id = oneRun(words)
      const kappa = await connect()
      const run = await ask(kappa, id)
      showRun(output, run)
      return 'follow' in values && values.follow ? follow(kappa, run, output) : EXIT.done
    }
  })
}
