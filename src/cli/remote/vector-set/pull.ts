/** `kappa vector-set pull`: the files of a vector set, its map among them. */
import { resolve } from 'node:path'
import { dataOf } from '../../../client/client.ts'
import type { Artifact } from '../../../client/resources.ts'
import { EXIT, refusal, wholeNumber } from '../../command.ts'
import { counted } from '../../counted.ts'
import { checkWritable } from '../../new-path.ts'
import { vectorSetIdOf } from '../by-name.ts'
import { connect } from '../connection.ts'
import { checkSize, folderOf, MOST_BYTES, pullAll } from '../pull-files.ts'
import { untilStopped } from '../stopping.ts'
import { size } from '../words.ts'
import { type Action, oneVectorSet } from './actions.ts'

/** @throws AppError invalid_request for a file that it has not */
function wantedOf(artifacts: readonly Artifact[], names: readonly string[] | undefined): readonly Artifact[] {
  const stray = names?.find((name) => !artifacts.some((one) => one.name === name))
  if (stray !== undefined)
    throw refusal(`The vector set has no file ${stray}; it has ${artifacts.map(({ name }) => name).join(', ')}.`)
  return names === undefined ? artifacts : artifacts.filter(({ name }) => names.includes(name))
}

export const PULL_VECTOR_SET: Action = {
  takes: ['out', 'file', 'max-bytes'],
  async run({ words, values, output }) {
    const word = oneVectorSet(words)
    if (values.out !== undefined) await checkWritable(resolve(values.out))
    const most = values['max-bytes'] === undefined ? MOST_BYTES : wholeNumber('max-bytes', values['max-bytes'])
    const kappa = await connect()
    const howOn = () => 'Stopped. The same command goes on where this one was.'
    return untilStopped(output, howOn, async (signal) => {
      const id = await vectorSetIdOf(kappa, word, signal)
      const folder = values.out === undefined ? folderOf(id, 'vectorSet') : resolve(values.out)
      const params = { path: { id } }
      const list = async () => (await dataOf(kappa.api.GET('/v1/vector-sets/{id}/files', { params, signal }))).data
      const artifacts = wantedOf(await list(), values.file)
      const bytes = checkSize(artifacts, most, 'vector set')
      const pulling = { what: 'vector set', url: kappa.url, folder, output, signal, list } as const
      const downloaded = await pullAll(artifacts, pulling)
      const before = downloaded === artifacts.length ? '' : `, ${artifacts.length - downloaded} of them there before`
      output.line(`${counted(artifacts.length, 'file')}, ${size(bytes)}${before}.`)
      const event = { type: 'pulled', vectorSet: id, folder, files: artifacts.length, downloaded, bytes }
      output.result(event, folder)
      return EXIT.done
    })
  }
}
