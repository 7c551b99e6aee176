/** Of `PJRT_Error_Code`, those that we tell apart or give. */
export const ERROR_CODES = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14
} as const
