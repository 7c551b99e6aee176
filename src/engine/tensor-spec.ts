export type DType = 'float32' | 'int32' | 'uint8'

/** What a program takes or gives. -1 stands only for the leading batch dimension of serving programs. */
export interface TensorSpec {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: DType
}

export type Values = Float32Array | Int32Array | Uint8Array

export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)
