/**
 * What a device holds for serving, all of it within the room for models (`maxModelBytes`):
 *
 *   5/8  weights of models, where models make room for each other as they do on the CPU
 *   1/4  what runs take while they compute; a batch whose runs would take more is computed in smaller ones
 *   1/8  compiled programs, 128 at most, which models of one network share
 */
export interface DeviceRoom {
  readonly weightBytes: number
  /** Of one run, where as many as that compute at the same time. */
  readonly runBytes: number
  readonly programBytes: number
}

export const MOST_PROGRAMS = 128

/**
 * Runs at the same time: while one is computed, images of the next are copied to the device and vectors of the one before back. More
 * would only wait for each other.
 */
export const MOST_RUNS = 2

export const roomOf = (maxModelBytes: number, runs: number): DeviceRoom => ({
  weightBytes: (maxModelBytes * 5) / 8,
  runBytes: maxModelBytes / 4 / runs,
  programBytes: maxModelBytes / 8
})
