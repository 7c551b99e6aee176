/** `kappa upload`: a folder, an archive or IDX files become a dataset, or another version of one. */

import { dataOf, idempotent } from '../../client/client.ts'
import { Problem } from '../../client/problem.ts'
import { type Command, type ExitCode, refusal } from '../command.ts'
import { counted } from '../counted.ts'
import { readWords } from '../options.ts'
import type { Output } from '../output.ts'
import { datasetIdOf } from './by-name.ts'
import { type Connection, connect } from './connection.ts'
import { REMOTE_EXIT_CODES, remoteCommand, SERVER_TEXT } from './remote-command.ts'
import { untilStopped } from './stopping.ts'
import { forget, type Kept, type Memory, memoryPath, newMemory, readMemory, writeMemory } from './upload-memory.ts'
import { type LocalSource, sourcesOf } from './upload-sources.ts'
import { ingested, tellVersion } from './version-words.ts'
import { mebibytes } from './words.ts'

const USAGE = `Uploads images, and waits until they are a version of a dataset.

  kappa upload PATH --name NAME
  kappa upload PATH --dataset DATASET

  PATH                      a folder of images (the folder that a file lies in is its class), a zip or tar, or IDX files;
                            images and labels in two IDX files are two PATHs, or a folder of both
  --name NAME               of the new dataset
  --dataset DATASET         ds_… or its name, which gets another version instead
  --parallel N              parts that are sent at the same time (3)
  --json                    one JSON object a line on stdout; docs/remote.md has their fields

Stopped or killed, it goes on where it was when the same command is given again, for a day.
${SERVER_TEXT}
${REMOTE_EXIT_CODES}
`

const text = { type: 'string' } as const
const OPTIONS = { name: text, dataset: text, parallel: text, json: { type: 'boolean' } } as const
const MOST_PARALLEL = 16

export interface UploadCommand {
  readonly paths: readonly string[]
  readonly name: string | null
  readonly dataset: string | null
  readonly parallel: number
}

/** @throws AppError invalid_request */
export function parseUpload(args: readonly string[]): UploadCommand {
  const { values, words } = readWords(args, OPTIONS)
  if (words.length === 0) throw refusal('PATH is needed: a folder, an archive or IDX files.')
  const [name, dataset] = [values.name ?? null, values.dataset ?? null]
  if ((name === null) === (dataset === null))
    throw refusal('--name of a new dataset is needed, or --dataset of one that is there.')
  const parallel = Number(values.parallel ?? 3)
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > MOST_PARALLEL)
    throw refusal(`--parallel must be a whole number of 1 to ${MOST_PARALLEL}, not ${values.parallel}.`)
  return { paths: words, name, dataset, parallel }
}

interface Job {
  readonly kappa: Connection
  readonly command: UploadCommand
  readonly sources: readonly LocalSource[]
  readonly output: Output
  readonly signal: AbortSignal
  readonly memory: () => Memory
  keep(patch: Partial<Memory>): Promise<void>
}

export const UPLOAD: Command = remoteCommand({
  usage: USAGE,
  async run(args, output) {
    const said = parseUpload(args)
    const sources = await sourcesOf(said.paths)
    const kappa = await connect()
    const command = { ...said, dataset: said.dataset === null ? null : await datasetIdOf(kappa, said.dataset) }
    const target = { url: kappa.url, paths: sources.map(({ path }) => path), ...pick(command) }
    const path = memoryPath(process.env, target)
    const howOn = () => 'Stopped. The same command goes on where this one was.'
    return untilStopped(output, howOn, async (signal) => {
      const kept = await readMemory(path, sources)
      tellKept(kept, sources, output)
      const job = (start: Memory) => jobOf(start, path, { kappa, command, sources, output, signal })
      const fresh = () => uploadAll(job(newMemory(sources, command.dataset)), path)
      if (!('memory' in kept)) return fresh()
      try {
        return await uploadAll(job(kept.memory), path)
      } catch (error) {
        if (!(error instanceof Problem) || !isGone(error)) throw error
        output.show({ type: 'begun_anew', reason: error.code }, `${error.message} It is uploaded anew.`)
        return fresh()
      }
    })
  }
})

const pick = ({ name, dataset }: UploadCommand) => ({ name, dataset })

/** Deleted or expired on the server since. */
const isGone = ({ code }: Problem): boolean =>
  ['dataset_not_found', 'upload_not_found', 'upload_expired', 'dataset_version_not_found'].includes(code)

function tellKept(kept: Kept, sources: readonly LocalSource[], output: Output): void {
  if ('memory' in kept) {
    const { dataset, version, files } = kept.memory
    const parts = files.reduce((sum, { memory }) => sum + (memory?.parts.length ?? 0), 0)
    const uploaded = files.filter(({ done }) => done !== null).length
    const where = dataset === null ? '' : ` into ${dataset}`
    const of =
      version === null
        ? `${counted(parts, 'part')} and ${uploaded} of ${counted(sources.length, 'file')} are there`
        : 'all was sent'
    output.show({ type: 'continuing', dataset, version, parts, files: uploaded }, `Going on${where}: ${of}.`)
  } else if (kept.why !== 'none') {
    const text = { old: 'is over a day old', changed: 'was of other files', damaged: 'cannot be read' }[kept.why]
    output.show({ type: 'begun_anew', reason: kept.why }, `What was kept of an upload ${text}: it begins anew.`)
  }
}

function jobOf(start: Memory, path: string, parts: Omit<Job, 'memory' | 'keep'>): Job {
  let memory = start
  return {
    ...parts,
    memory: () => memory,
    keep(patch) {
      memory = { ...memory, ...patch }
      return writeMemory(path, memory)
    }
  }
}

async function uploadAll(job: Job, path: string): Promise<ExitCode> {
  await job.keep({})
  const dataset = await datasetOf(job)
  const uploads: string[] = []
  for (const index of job.sources.keys()) uploads.push(await uploadOne(job, dataset, index))
  const version = await versionOf(job, dataset, uploads)
  const made = await ingested(job.kappa, dataset, version, job)
  await forget(path)
  return tellVersion(made, job.output)
}

async function datasetOf({ kappa, command, memory, keep, signal, output }: Job): Promise<string> {
  const { dataset, datasetKey } = memory()
  if (dataset !== null) return dataset
  const body = { name: command.name! } // one of both is there
  const { id } = await dataOf(kappa.api.POST('/v1/datasets', { body, ...idempotent(datasetKey), signal }))
  await keep({ dataset: id })
  output.show({ type: 'dataset', id, name: body.name }, `Dataset ${body.name}: ${id}`)
  return id
}

async function uploadOne(job: Job, dataset: string, index: number): Promise<string> {
  const { kappa, command, output, signal, memory, keep } = job
  const source = job.sources[index]!
  const { filename, bytes: total } = source
  const kept = memory().files[index]!
  if (kept.done !== null) return kept.done
  const remember = (patch: object) =>
    keep({ files: memory().files.map((one, i) => (i === index ? { ...one, ...patch } : one)) })
  const id = await kappa.uploads.send(dataset, source, {
    memory: kept.memory ?? undefined,
    onMemory: (next) => remember({ memory: next }),
    onProgress(bytes) {
      const of = `${mebibytes(bytes)} of ${mebibytes(total)} MiB  ${Math.floor((100 * bytes) / total)} %`
      output.progress({ type: 'uploading', file: filename, bytes, total }, `${filename}: ${of}`)
    },
    parallel: command.parallel,
    signal
  })
  await remember({ done: id })
  const text = `${filename}: ${source.files === 1 ? '' : `${source.files} files, `}${mebibytes(total)} MiB uploaded`
  output.show({ type: 'uploaded', file: filename, upload: id, bytes: total, files: source.files }, text)
  return id
}

async function versionOf({ kappa, memory, keep, signal }: Job, id: string, uploads: string[]): Promise<number> {
  const { version: kept, versionKey } = memory()
  if (kept !== null) return kept
  const request = { params: { path: { id } }, body: { source: { type: 'upload' as const, uploads } }, signal }
  const made = await dataOf(kappa.api.POST('/v1/datasets/{id}/versions', { ...request, ...idempotent(versionKey) }))
  await keep({ version: made.version })
  return made.version
}
