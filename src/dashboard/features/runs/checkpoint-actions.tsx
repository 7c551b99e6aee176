import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { Checkpoint, Run } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { useClient } from '../../data/api.ts'
import { refreshRun } from '../../data/queries/runs.ts'
import { href } from '../../router.ts'
import { ExportCheckpoint } from './export-checkpoint.tsx'
import { ForkButton } from './fork-button.tsx'

interface Props {
  readonly checkpoint: Checkpoint
  readonly run: Run
}

/** What can be done with one that is still there. */
export function CheckpointActions({ checkpoint, run }: Props) {
  const { id, step, status } = checkpoint
  if (status !== 'complete') return null
  return (
    <div className="actions row-actions">
      <ExportCheckpoint checkpoint={checkpoint} run={run} />
      <ForkButton run={run} from={checkpoint} />
      <a
        className="button"
        aria-label={`New run from the weights of step ${step}`}
        title="A new run that begins from these weights"
        href={href.newRun({ checkpoint: id, dataset: run.dataset })}
      >
        New run
      </a>
      <a className="button" aria-label={`Evaluate step ${step}`} href={href.newEvaluation({ checkpoint: id })}>
        Evaluate
      </a>
      <DeleteCheckpoint checkpoint={checkpoint} />
    </div>
  )
}

function DeleteCheckpoint({ checkpoint }: Pick<Props, 'checkpoint'>) {
  const client = useClient()
  const queries = useQueryClient()
  const { id: checkpoint_id, run_id: id, step } = checkpoint
  const remove = useMutation({
    mutationFn: () =>
      dataOf(client.DELETE('/v1/runs/{id}/checkpoints/{checkpoint_id}', { params: { path: { id, checkpoint_id } } })),
    onSuccess: () => refreshRun(queries, id)
  })
  return (
    <ConfirmButton
      label="Delete"
      accessibleName={`Delete the checkpoint of step ${step}`}
      title={`Delete the checkpoint of step ${step}?`}
      confirm="Delete the checkpoint"
      dismiss="Leave it"
      mutation={remove}
    >
      <p>Its weights and training state are removed and cannot be brought back. Models made of it stay.</p>
    </ConfirmButton>
  )
}
