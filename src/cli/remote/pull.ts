/** `kappa pull`: the files of a model, as `kappa embed`, `knn` and `evaluate` take them. */
import { mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { idPattern } from '../../base/ids.ts'
import { dataOf } from '../../client/client.ts'
import { reachableUrl } from '../../client/object-url.ts'
import type { Artifact } from '../../client/resources.ts'
import { type Command, EXIT, refusal, wholeNumber } from '../command.ts'
import { checkWritable } from '../new-path.ts'
import { readWords } from '../options.ts'
import type { Output } from '../output.ts'
import { type Connection, connect } from './connection.ts'
import { bytesAt, download, partialOf, sha256Of } from './download.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from './remote-command.ts'
import { untilStopped } from './stopping.ts'
import { mebibytes } from './words.ts'

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

const MODEL_ID = new RegExp(idPattern('model'))
const OPTIONS = { out: { type: 'string' }, 'max-bytes': { type: 'string' }, json: { type: 'boolean' } } as const
/** Twice what a ViT-g has with its files for others. */
const MOST_BYTES = 32 * 1024 ** 3
const MOST_FILES = 1000

/** @throws AppError invalid_request unless there is one */
export function oneModel(words: readonly string[]): string {
  const [model, more] = words
  if (model === undefined) throw refusal('MODEL is needed: mdl_…, NAME@3, NAME@alias or run_….')
  if (more !== undefined) throw refusal(`One MODEL is taken, and ${more} is another.`)
  return model
}

/**
 * A server's word for a file is no path on this machine until it was looked at. Models have no hidden files, and none without an
 * ending: `.git/config`, or `HEAD` and `config` as in a bare repository, have whoever asks git there, a shell's prompt for one, run a program.
 */
export function placeOf(folder: string, name: string): string {
  const parts = name.split('/')
  const isSafe = parts.every((part) => part !== '' && !part.startsWith('.') && !/[\\:\0]/.test(part))
  const hasEnding = /[^/]\.[a-z0-9]+$/i.test(name)
  if (!isSafe || !hasEnding)
    throw refusal(
      `The server names a file ${JSON.stringify(name)}, which leads out of ${folder} or is no file of a model.`
    )
  return join(folder, ...parts)
}

/** Where nothing was said. An id of the server's is no path on this machine either, and names nothing but a model. */
export function folderOf(id: string): string {
  if (!MODEL_ID.test(id))
    throw refusal(`The server calls the model ${JSON.stringify(id)}, which is no name of a folder: --out FOLDER.`)
  return resolve(id)
}

/**
 * A server says how much it will send, and no disk is filled to find out. @throws AppError invalid_request
 *
 * @returns bytes of all
 */
export function checkSize(artifacts: readonly Pick<Artifact, 'name' | 'bytes'>[], most: number): number {
  const isSize = ({ bytes }: Pick<Artifact, 'bytes'>) => Number.isSafeInteger(bytes) && bytes >= 0
  if (artifacts.length > MOST_FILES || !artifacts.every(isSize))
    throw refusal(`The server names ${artifacts.length} files, or sizes that are none: this is no model.`)
  const bytes = artifacts.reduce((sum, one) => sum + one.bytes, 0)
  if (bytes <= most) return bytes
  throw refusal(`The model has ${bytes} bytes, more than ${most}: --max-bytes ${bytes} takes it.`)
}

interface Pulling {
  readonly kappa: Connection
  readonly id: string
  readonly folder: string
  readonly output: Output
  readonly signal: AbortSignal
}

async function artifactsOf({ kappa, id, signal }: Pulling): Promise<readonly Artifact[]> {
  const { data } = await dataOf(kappa.api.GET('/v1/models/{id}/artifacts', { params: { path: { id } }, signal }))
  return data
}

/** Signed addresses end; a long download asks for another one. */
function addressOf(artifact: Artifact, pulling: Pulling): () => Promise<string> {
  let current = artifact
  return async () => {
    if (Date.parse(current.expires_at) <= Date.now())
      current = (await artifactsOf(pulling)).find(({ name }) => name === artifact.name) ?? current
    return reachableUrl(current.url, pulling.kappa.url)
  }
}

/** @returns whether it had to be downloaded. @throws AppError invalid_request when another file is in its place */
async function pullFile(artifact: Artifact, pulling: Pulling): Promise<boolean> {
  const { folder, output, signal } = pulling
  const { name, bytes: total, sha256 } = artifact
  const path = placeOf(folder, name)
  if ((await bytesAt(path)) > 0) {
    if ((await sha256Of(path, signal)) === sha256) return false
    throw refusal(`${path} is there already and is another file: --out another folder.`)
  }
  await mkdir(dirname(path), { recursive: true })
  const there = await bytesAt(partialOf(path))
  if (there > 0) {
    const text = `${name}: going on after ${mebibytes(there)} of ${mebibytes(total)} MiB`
    output.show({ type: 'continuing', file: name, bytes: there, total }, text)
  }
  const onProgress = (bytes: number) =>
    output.progress(
      { type: 'downloading', file: name, bytes, total },
      `${name}: ${mebibytes(bytes)} of ${mebibytes(total)} MiB  ${Math.floor((100 * bytes) / total)} %`
    )
  await download({ artifact, url: addressOf(artifact, pulling), path, signal, onProgress })
  output.show({ type: 'downloaded', file: name, bytes: total, sha256 }, `${name}: ${mebibytes(total)} MiB`)
  return true
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
      const pulling = { kappa, id, folder, output, signal }
      const artifacts = await artifactsOf(pulling)
      const bytes = checkSize(artifacts, most)
      let downloaded = 0
      for (const artifact of artifacts) if (await pullFile(artifact, pulling)) downloaded++
      const were = downloaded === artifacts.length ? '' : `, ${artifacts.length - downloaded} of them there before`
      output.line(`${artifacts.length} files, ${mebibytes(bytes)} MiB${were}: kappa embed --model ${folder}`)
      output.result({ type: 'pulled', model: id, folder, files: artifacts.length, downloaded, bytes }, folder)
      return EXIT.done
    })
  }
})
