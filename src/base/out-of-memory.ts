import { isAppError } from './errors.ts'

/** How allocators of V8, the C++ library, ONNX Runtime and CUDA say that there is no room. */
const OUT_OF_MEMORY =
  /out of memory|bad_alloc|allocation failed|failed to allocate|CUDA failure 2\b|CUBLAS_STATUS_ALLOC_FAILED/i

export const isOutOfMemory = (error: Error): boolean =>
  isAppError(error, 'out_of_memory') || (!isAppError(error) && OUT_OF_MEMORY.test(error.message))
