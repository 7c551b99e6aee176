import type { Evaluation } from '../../../client/resources.ts'
import { Pager, Skeleton } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { evaluationList } from '../../data/queries/evaluations.ts'
import { useList } from '../../data/use-list.ts'
import { evaluationTitle } from '../../evaluation-metrics.ts'
import { href } from '../../router.ts'
import { EvaluationResults } from '../evaluations/evaluation-results.tsx'
import { ResourceName } from '../names/resource-link.tsx'

export function Evaluations({ model }: { readonly model: string }) {
  const { items, problem, retry, pager } = useList(evaluationList(useClient(), { model }, 10))
  const newest = items?.find(({ results }) => results.length > 0)
  return (
    <Section
      title="Evaluations"
      hint="Compare numbers of one protocol on one dataset with equal settings only. An interval is over images or draws, not over training runs."
      actions={
        <a className="button" href={href.newEvaluation({ model })}>
          Evaluate
        </a>
      }
    >
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {items === null && !problem && <Skeleton label="evaluations" />}
      {items?.length === 0 && (
        <div className="empty">
          None yet. <a href={href.newEvaluation({ model })}>Evaluate this model</a>
        </div>
      )}
      {items?.map((evaluation) => (
        <EvaluationEntry key={evaluation.id} evaluation={evaluation} isOpen={evaluation === newest} />
      ))}
      <Pager pager={pager} label="Evaluations" />
    </Section>
  )
}

function EvaluationEntry({ evaluation, isOpen }: { readonly evaluation: Evaluation; readonly isOpen: boolean }) {
  const { id, dataset, queries, status, created_at: at } = evaluation
  return (
    <details open={isOpen}>
      <summary>
        {evaluationTitle(evaluation)} on <ResourceName id={dataset} />
        {queries === null ? (
          ', each image without itself'
        ) : (
          <>
            , judging <ResourceName id={queries} />
          </>
        )}{' '}
        <StatusBadge status={status} /> <Ago at={at} />
      </summary>
      <p className="small">
        <a href={href.evaluation(id)}>Open this evaluation</a>
      </p>
      <EvaluationResults evaluation={evaluation} />
    </details>
  )
}
