/** `kappa pull`: the files of a model, as `kappa embed`, `knn` and `evaluate` take them. */
import { resolve } from 'node:path'
import { dataOf } from '../../client/client.ts'
import { type Command, EXIT, refusal, wholeNumber } from '../command.ts'
import { counted } from '../counted.ts'
import { checkWritable } from '../new-path.ts'
import { readWords } from '../options.ts'
import { connect } from './connection.ts'
import { checkSize, folderOf, MOST_BYTES, pullAll } from './pull-files.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from './remote-command.ts'
import { untilStopped } from './stopping.ts'
import { size } from './words.ts'

const USAGE = `Downloads a model: a folder that kappa embed, knn and evaluate take.

  kappa pull MODEL [--out FOLDER] [--max-bytes N]

  MODEL                     mdl_…, NAME@3, NAME@alias, or run_… for the model of a run
  --out FOLDER              where to (the model's id, here)
  --max-bytes N             more than this in all is refused before the first byte (34359738368, 32 GiB)
  --json                    one JSON object a line on stdout; docs/remote.md has their fields

Every file is compared with its SHA-256. Stopped or killed, it goes on where it was when the same command is given again.
${SERVER_TEXT}
${REMOTE_EXIT_CODES}
`

const OPTIONS = { out: { type: 'string' }, 'max-bytes': { type: 'string' }, json: { type: 'boolean' } } as const

/** @throws AppError invalid_request unless there is one */
export function oneModel(words: readonly string[]): string {
  const [model, more] = words
  if (model === undefined) throw refusal('MODEL is needed: mdl_…, NAME@3, NAME@alias or run_….')
  if (more !== undefined) throw refusal(`One MODEL is taken, and ${more} is another.`)
  return model
}

export const PULL: Command = remoteCommand({
  usage: USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, OPTIONS)
    const wanted = oneModel(words)
    if (values.out !== undefined) await checkWritable(resolve(values.out))
    const most = values['max-bytes'] === undefined ? MOST_BYTES : wholeNumber('max-bytes', values['max-bytes'])
    const kappa = await connect()
    const howOn = () => 'Stopped. The same command goes on where this one was.'
    return untilStopped(output, howOn, async (signal) => {
      const params = { path: { id: wanted } }
      const { id } = await dataOf(kappa.api.GET('/v1/models/{id}', { params, signal }))
      // Looked up once: an alias that moves meanwhile must not mix two models in one folder.
      const folder = values.out === undefined ? folderOf(id) : resolve(values.out)
      const list = async () =>
        (await dataOf(kappa.api.GET('/v1/models/{id}/artifacts', { params: { path: { id } }, signal }))).data
      const artifacts = await list()
      const bytes = checkSize(artifacts, most)
      const downloaded = await pullAll(artifacts, { what: 'model', url: kappa.url, folder, output, signal, list })
      const were = downloaded === artifacts.length ? '' : `, ${artifacts.length - downloaded} of them there before`
      output.line(`${counted(artifacts.length, 'file')}, ${size(bytes)}${were}: kappa embed --model ${folder}`)
      output.result({ type: 'pulled', model: id, folder, files: artifacts.length, downloaded, bytes }, folder)
      return EXIT.done
    })
  }
})
