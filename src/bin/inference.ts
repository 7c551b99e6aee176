/** The inference child: forked by the API, answers over IPC. By itself it does nothing. */
import { inspect } from 'node:util'
import { systemClock } from '../base/clock.ts'
import { isAppError } from '../base/errors.ts'
import { readServingChoice } from '../composition/config.ts'
import { chooseServing } from '../engine/choose-serving.ts'
import { createOnnxThreads } from '../engine/onnx-threads.ts'
import type { ServingDevice } from '../engine/xla/serving-device.ts'
import type { ServerRefused } from '../protocol/inference-messages.ts'
import { MOST_RUNS } from '../serving/device-room.ts'
import { readInferenceSettings, serveRequests } from '../serving/process.ts'

if (process.send === undefined) {
  process.stderr.write('The inference server is started by the API (npm start); it has no command line.\n')
  process.exit(2)
}

const settings = readInferenceSettings(process.argv[2])
const { threads, maxModelBytes } = settings
const device = await openDevice()
/** Of a model's room: another one may be asked for meanwhile. */
const maxBytes = maxModelBytes / 2
const onnx = createOnnxThreads({
  threads,
  // Beside a device ONNX Runtime computes what is left.
  sessions: device === null ? settings.sessions : 1,
  maxBytes,
  hasWide: true,
  onNotWide: (error) =>
    void process.stderr.write(`${inspect(error)}\nimages that come alone are computed by some of the threads\n`),
  onLost: (error) => {
    process.stderr.write(`${inspect(error)}\nwithout a session's thread the process ends, another is started\n`)
    process.exit(1)
  }
})
const sessions = device === null ? onnx.sessions : Math.min(settings.sessions, MOST_RUNS)

serveRequests(process, {
  settings: { ...settings, sessions },
  engine:
    device === null
      ? { name: 'onnx', device: `cpu, ${threads} threads in ${sessions} sessions` }
      : { name: 'xla', device: device.device },
  openOnnxFile: onnx.open,
  copiesOf: onnx.copiesOf,
  device,
  clock: systemClock
})

/** Null: ONNX Runtime on the CPU. What was asked for and cannot be had ends the process, which the parent hears. */
async function openDevice(): Promise<ServingDevice | null> {
  try {
    const { device: found, problem } = await chooseServing(readServingChoice(process.env), threads)
    if (problem !== undefined) process.stderr.write(`serving without a GPU: ${problem}\n`)
    return found
  } catch (error) {
    if (!isAppError(error)) throw error
    const refused: ServerRefused = { refused: error.message }
    await new Promise<void>((sent) => process.send?.(refused, undefined, undefined, () => sent()))
    return process.exit(2)
  }
}
