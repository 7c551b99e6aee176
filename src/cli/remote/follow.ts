/** A run on the terminal until it has ended, and then its model until it is ready. Leaving leaves the run alone. */
import type { Model, Run } from '../../client/resources.ts'
import { isFinished } from '../../client/run-status.ts'
import { EXIT, type ExitCode } from '../command.ts'
import type { Output } from '../output.ts'
import type { Connection } from './connection.ts'
import { epochsOf, eventFields, eventWords, modelFields, progressLine, runFields, runWords } from './run-words.ts'
import { untilStopped } from './stopping.ts'

const isAtRest = (run: Run): boolean => isFinished(run) || run.status === 'paused'

/** @param run as it was answered: events from before it was begun, or begun again, are not shown */
export function follow(kappa: Connection, run: Run, output: Output): Promise<ExitCode> {
  const howOn = () => `The run goes on. kappa logs -f ${run.id} follows it again, kappa cancel ${run.id} ends it.`
  return untilStopped(output, howOn, async (signal) => {
    const since = run.resumed_at ?? run.created_at
    const epochs = epochsOf(run)
    const onBreak = () => output.line('The connection is gone; trying again.')
    for await (const event of kappa.runs.stream(run.id, { signal, until: isAtRest, onBreak })) {
      if (event.created_at < since) continue
      const fields = eventFields(event)
      if (event.type === 'progress') output.progress(fields, progressLine(event.data, epochs))
      else output.show(fields, eventWords(event))
    }
    return ended(kappa, await kappa.runs.get(run.id, signal), { output, signal })
  })
}

interface Showing {
  readonly output: Output
  readonly signal: AbortSignal
}

async function ended(kappa: Connection, run: Run, showing: Showing): Promise<ExitCode> {
  const { output } = showing
  if (run.status !== 'succeeded') {
    const hint = run.status === 'paused' ? ` (kappa resume ${run.id} --follow)` : ''
    output.show(runFields(run), `${runWords(run)}${hint}`)
    return run.status === 'paused' ? EXIT.stopped : EXIT.failed
  }
  const model = await modelOf(kappa, run, showing)
  output.show(runFields({ ...run, model: model.id }), runWords(run))
  if (model.status !== 'ready') {
    output.show(
      modelFields(model),
      `Its model ${model.id} ${model.status}: ${model.error?.message ?? 'nobody says why'}`
    )
    return EXIT.failed
  }
  output.line(`Its model is ready: kappa pull ${model.id}, kappa embed --remote ${model.id} PATH --out FILE`)
  output.line(`Search its images: kappa vector-set make --model ${model.id} --dataset ${run.dataset}`)
  output.result(modelFields(model), model.id)
  return EXIT.done
}

/** The run ends and its model is named in one transaction; what is waited for is the export. */
async function modelOf(kappa: Connection, run: Run, { output, signal }: Showing): Promise<Model> {
  const { model } = await kappa.runs.wait(run.id, { signal, until: (one) => one.model !== null })
  return kappa.models.wait(String(model), {
    signal,
    onUpdate(one) {
      if (one.status === 'exporting') output.progress(modelFields(one), `its model ${one.id} is being made`)
    }
  })
}
