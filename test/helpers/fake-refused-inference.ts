/** Stands in for src/bin/inference.ts where the engine that was asked for cannot be had; it says `fellBack` and takes requests the second time. */
import { existsSync, writeFileSync } from 'node:fs'
import type { InferenceMessage } from '../../src/protocol/inference-messages.ts'

const marker = process.env['KAPPA_TEST_MARKER']!
const say = (message: InferenceMessage, then: () => void = () => {}): void => void process.send!(message, then)

process.on('disconnect', () => process.exit(0))
if (existsSync(marker)) {
  say({ ready: true, engine: 'xla', device: 'a GPU' })
  say({ fellBack: { modelId: 'mdl_1', kind: 'heat', reason: 'too many dimensions' } })
} else {
  writeFileSync(marker, '')
  say({ refused: 'No GPU is there.' }, () => process.exit(2))
}
