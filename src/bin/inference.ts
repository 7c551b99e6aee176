/** The inference child: forked by the API, answers over IPC. By itself it does nothing. */
import { inspect } from 'node:util'
import { systemClock } from '../base/clock.ts'
import { createOnnxThreads } from '../engine/onnx-threads.ts'
import { readInferenceSettings, serveRequests } from '../serving/process.ts'

if (process.send === undefined) {
  process.stderr.write('The inference server is started by the API (npm start); it has no command line.\n')
  process.exit(2)
}

const settings = readInferenceSettings(process.argv[2])
const { threads, maxModelBytes } = settings
/** Of a model's room: another one may be asked for meanwhile. */
const maxBytes = maxModelBytes / 2
const { open, sessions, sessionsOf } = createOnnxThreads({
  threads,
  sessions: settings.sessions,
  maxBytes,
  onLost: (error) => {
    process.stderr.write(`${inspect(error)}\nwithout a session's thread the process ends, another is started\n`)
    process.exit(1)
  }
})

serveRequests(process, {
  settings: { ...settings, sessions },
  engine: { name: 'onnx', device: `cpu, ${threads} threads in ${sessions} sessions` },
  openOnnxFile: open,
  sessionsOf,
  clock: systemClock
})
