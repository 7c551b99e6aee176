import type { Evaluation } from '../../../client/resources.ts'
import { formatCount } from '../../format.ts'
import { ResourceLink } from '../names/resource-link.tsx'

type Subject = Pick<Evaluation, 'model' | 'checkpoint' | 'run' | 'step'>

/** The model; or the checkpoint, by its step and the run that it is of where that is known. */
export function EvaluationSubject({ model, checkpoint, run, step }: Subject) {
  if (model !== null) return <ResourceLink id={model} />
  return (
    <span title={checkpoint ?? undefined}>
      step {formatCount(step)}
      {run !== null && (
        <>
          {' '}
          of <ResourceLink id={run} />
        </>
      )}
    </span>
  )
}
