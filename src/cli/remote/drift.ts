/** `kappa drift`: whether what a model is asked about is still what it was trained on. */

import { dataOf } from '../../client/client.ts'
import type { Drift, DriftWindow } from '../../client/resources.ts'
import { type Command, EXIT, refusal } from '../command.ts'
import { counted } from '../counted.ts'
import { readWords } from '../options.ts'
import type { Output } from '../output.ts'
import { connect } from './connection.ts'
import { noMoreThan } from './option-values.ts'
import { oneModel } from './pull.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from './remote-command.ts'
import { localTime, table } from './words.ts'

const USAGE = `Shows how images that a model assigns differ from those that it was trained on, window by window, newest first.

  kappa drift MODEL [--on | --off]

  MODEL                     mdl_…, NAME@3, NAME@alias, or run_… for the model of a run
  --on                      begins to count what is assigned
  --off                     ends it; what was counted of the window that is open is thrown away
  --json                    one JSON object a line on stdout; docs/remote.md has their fields

docs/drift.md says what the numbers mean.
${SERVER_TEXT}
${REMOTE_EXIT_CODES}
`

const flag = { type: 'boolean', default: false } as const
const OPTIONS = { on: flag, off: flag, json: flag } as const

const short = (value: number | null): string => (value === null ? '' : value.toFixed(4))
const percent = (share: number | undefined): string => (share === undefined ? '' : `${(100 * share).toFixed(1)} %`)

const rowOf = ({ number, ended_at: at, images, psi, psi_limit: limit, density, over }: DriftWindow): string[] => [
  ...[String(number), at === null ? 'open' : localTime(at), String(images), short(psi), short(limit)],
  ...[percent(density?.below_p5.share), percent(density?.limit), over ? 'over' : '']
]

const HEAD = ['WINDOW', 'ENDED', 'IMAGES', 'PSI', 'LIMIT', 'LOW DENSITY', 'DENSITY LIMIT', '']

function tell(output: Output, { object: _, window, ended, ...drift }: Drift): void {
  const windows = window === null ? ended : [window, ...ended]
  const isOver = drift.over_since !== null
  const since = isOver ? `They have differed too much since ${localTime(String(drift.over_since))}.` : ''
  const state = drift.enabled ? 'Images are counted.' : 'Nothing is counted: kappa drift MODEL --on.'
  if (output.isJson) {
    output.result({ type: 'drift', ...drift }, '')
    for (const one of windows) output.result({ type: 'drift_window', model: drift.model, ...one }, '')
    return
  }
  output.line(
    [`${drift.model}: trained on ${counted(drift.training_images, 'image')}.`, state, since].filter(Boolean).join(' ')
  )
  if (windows.length === 0) output.line('There are no windows yet.')
  else output.result({ type: 'drift' }, table([HEAD, ...windows.map(rowOf)]))
}

export const DRIFT: Command = remoteCommand({
  usage: USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, OPTIONS)
    noMoreThan(words, 1)
    const id = oneModel(words)
    if (values.on && values.off) throw refusal('--on and --off are two ways.')
    const kappa = await connect()
    const params = { path: { id } }
    const path = '/v1/models/{id}/drift'
    const isToChange = values.on || values.off
    const drift = await dataOf(
      isToChange ? kappa.api.PATCH(path, { params, body: { enabled: values.on } }) : kappa.api.GET(path, { params })
    )
    tell(output, drift)
    return EXIT.done
  }
})
