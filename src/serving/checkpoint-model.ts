/** A checkpoint that is measured while its run goes on: its teacher as the model that it would be, made for once and thrown away. */
import { writing } from '../base/system-errors.ts'
import { mixtureAt, teacherMixture } from '../model/assigner.ts'
import { readTeacher } from '../model/export.ts'
import { type ModelSubject, writePrograms } from '../model/writer.ts'
import { headOf } from '../protocol/model-folder.ts'
import { createServingModel, type OpenOnnxFile, type ServedHead, type ServingModel } from './serving-model.ts'

export interface CheckpointFolders {
  readonly folder: string
  /** Takes the programs. */
  readonly programsFolder: string
}

/**
 * Nobody checks its programs, which are traced as those of every model are, and no mixture is fitted to images.
 *
 * @throws AppError checkpoint_invalid, checkpoint_not_found, storage_full
 */
export async function openCheckpoint(
  { folder, programsFolder }: CheckpointFolders,
  openOnnxFile: OpenOnnxFile
): Promise<ServingModel> {
  const teacher = await readTeacher(folder)
  await writing(writePrograms(teacher, programsFolder))
  const { config } = teacher
  return createServingModel({ config, head: headOfTeacher(teacher), folder: programsFolder, openOnnxFile })
}

function headOfTeacher({ config, weights, center }: ModelSubject): ServedHead | null {
  const head = headOf(config)
  if (head === null) return null
  const norms = Float64Array.from(weights['head.last_layer.weight_g']!, Math.abs)
  const model = mixtureAt(norms, head)
  const teacher = teacherMixture(model, { centering: head.centering, center })
  return { ...head, norms, views: { model, teacher, fitted: null } }
}
