import { isAppError } from '../../../src/base/errors.ts'

export const failsWith = (code: Parameters<typeof isAppError>[1]) => (error: unknown) => isAppError(error, code)
