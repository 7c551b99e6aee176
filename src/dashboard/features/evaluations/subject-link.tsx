import type { Evaluation } from '../../../client/resources.ts'
import { href } from '../../router.ts'

type Subject = Pick<Evaluation, 'model' | 'checkpoint' | 'run'>

/** The model, or the checkpoint with the run that it is of where that is known. */
export function SubjectLink({ model, checkpoint, run }: Subject) {
  if (model !== null)
    return (
      <a className="mono" href={href.model(model)}>
        {model}
      </a>
    )
  const id = <span className="mono">{checkpoint ?? '–'}</span>
  return run === null ? id : <a href={href.run(run)}>{id}</a>
}
