/** Tensors of a safetensors file, read one at a time. */
import type { FileHandle } from 'node:fs/promises'
import { parseSafetensorsHeader, type SafetensorsDtype, safetensorsHeaderBytes } from '../base/safetensors.ts'
import { LazyTensor, readExactly, type TensorDtype, type TensorsByName, toFloat32 } from './tensor-source.ts'

const DTYPES: Readonly<Record<SafetensorsDtype, TensorDtype>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  U8: 'uint8'
}

/** @throws AppError checkpoint_invalid */
export async function readSafetensorsFile(file: FileHandle): Promise<TensorsByName> {
  const { size } = await file.stat()
  const headerBytes = safetensorsHeaderBytes(await readExactly(file, 0, Math.min(8, size)), size)
  const dataOffset = 8 + headerBytes
  const { entries } = parseSafetensorsHeader(await readExactly(file, 8, headerBytes), size - dataOffset)
  return new Map(
    entries.map(({ name, dtype, shape, begin, end }) => {
      const read = async () => toFloat32(DTYPES[dtype], await readExactly(file, dataOffset + begin, end - begin))
      return [name, new LazyTensor(shape, DTYPES[dtype], read)]
    })
  )
}
