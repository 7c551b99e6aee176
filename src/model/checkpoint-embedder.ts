/** The backbone of a checkpoint's teacher as it is served while its run goes on: no head, which the file of the teacher alone does not make whole. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import { writing } from '../base/system-errors.ts'
import { traceToOnnx } from '../engine/trace/trace.ts'
import { MODEL_FILES, type ModelFileConfig } from '../protocol/model-folder.ts'
import { backboneParameters } from '../ssl/parameters.ts'
import { readTeacherFile } from '../training/checkpoint.ts'
import { configOf } from './export.ts'
import { embedProgram } from './programs.ts'

const NO_HEAD = { method: null, bottleneckDim: null, prototypes: null, temperature: null, centering: null } as const

/**
 * Writes its program, which nobody checks: it is traced as those of every model are.
 *
 * @throws AppError checkpoint_invalid, checkpoint_not_found, storage_full
 */
export async function writeEmbedder(checkpointFolder: string, folder: string): Promise<ModelFileConfig> {
  const { teacher, ...manifest } = await readTeacherFile(checkpointFolder)
  const config = { ...configOf({ ...manifest, init: manifest.init }), ...NO_HEAD }
  const constants = Object.fromEntries(
    backboneParameters(config.network).map(({ name }) => {
      const data = teacher.tensors.get(name)?.data
      if (data instanceof Float32Array) return [name, data]
      throw new AppError('checkpoint_invalid', { message: `The teacher of the checkpoint has no ${name}.` })
    })
  )
  await writing(writeFile(join(folder, MODEL_FILES.embed), traceToOnnx(embedProgram(config), { constants })))
  return config
}
