/** A version while a worker makes it, and when it is there: of `upload` and of `select`. */

import type { DatasetVersion } from '../../client/resources.ts'
import { EXIT, type ExitCode } from '../command.ts'
import { counted } from '../counted.ts'
import type { Output } from '../output.ts'
import type { Connection } from './connection.ts'

interface Showing {
  readonly output: Output
  readonly signal: AbortSignal
}

export const ingested = (
  kappa: Connection,
  id: string,
  version: number,
  { output, signal }: Showing
): Promise<DatasetVersion> =>
  kappa.versions.wait(id, version, {
    signal,
    onUpdate({ status, progress: { images, rejected } }) {
      if (status !== 'queued' && status !== 'ingesting') return
      const text =
        status === 'queued' ? 'waiting for a worker' : `${counted(images, 'image')}, ${rejected} rejected so far`
      output.progress({ type: 'ingesting', dataset: id, version, status, images, rejected }, text)
    }
  })

export function tellVersion(made: DatasetVersion, output: Output): ExitCode {
  const { id, status, images, rejected, duplicates, classes, error } = made
  const event = { type: 'version', id, status, images, rejected, duplicates, error }
  if (status !== 'ready') {
    output.show(event, `${id} ${status}${error === null ? '.' : `: ${error.message}`}`)
    return EXIT.failed
  }
  const left =
    rejected === 0
      ? ''
      : `, ${counted(rejected, 'file')} left out${duplicates === 0 ? '' : ` (${duplicates} of them ${duplicates === 1 ? 'a duplicate' : 'duplicates'})`}`
  output.line(
    `${counted(images, 'image')}${classes === null ? '' : ` of ${counted(classes.length, 'class', 'classes')}`}${left}.`
  )
  output.line(`Train on them: kappa run --dataset ${id} --follow`)
  output.line(`Or search them by a model that is there: kappa vector-set make --model MODEL --dataset ${id}`)
  output.result(event, id)
  return EXIT.done
}
