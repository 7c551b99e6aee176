/** The inference child: forked by the API, answers over IPC. By itself it does nothing. */
import { systemClock } from '../base/clock.ts'
import { createEngine } from '../engine/create-engine.ts'
import { openOnnxFile } from '../engine/onnx-engine.ts'
import { readInferenceSettings, serveRequests } from '../serving/process.ts'

if (process.send === undefined) {
  process.stderr.write('The inference server is started by the API (npm start); it has no command line.\n')
  process.exit(2)
}

const settings = readInferenceSettings(process.argv[2])
const { threads } = settings

serveRequests(process, {
  settings,
  engine: createEngine({ threads }),
  openOnnxFile: (path) => openOnnxFile(path, { threads }),
  clock: systemClock
})
