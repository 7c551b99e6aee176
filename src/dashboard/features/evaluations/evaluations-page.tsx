import type { Evaluation } from '../../../client/resources.ts'
import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { StatusFilter } from '../../components/status-filter.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { evaluationList } from '../../data/queries/evaluations.ts'
import { useList } from '../../data/use-list.ts'
import { goTo } from '../../data/use-location.ts'
import { evaluationTitle } from '../../evaluation-metrics.ts'
import { formatCount } from '../../format.ts'
import { href } from '../../router.ts'
import { ResourceLink } from '../names/resource-link.tsx'
import { EvaluationSubject } from './evaluation-subject.tsx'
import { EVALUATION_STATUSES, firstResult } from './evaluation-words.ts'

const COLUMNS = ['Status', 'Evaluation', 'Of', 'Step', 'On', 'First result', 'Created']

/** @param query from the address, where anything can be written: what is no status is no filter */
export function EvaluationsPage({ query }: { readonly query: URLSearchParams }) {
  const status = EVALUATION_STATUSES.find((one) => one === query.get('status')) ?? null
  const name = query.get('name') ?? ''
  const isFiltered = status !== null || name !== ''
  const list = useList(evaluationList(useClient(), { ...(status && { status }), ...(name !== '' && { name }) }))
  const isEmpty = !isFiltered && list.items?.length === 0
  const create = (
    <a className="button primary" href={href.newEvaluation()}>
      New evaluation
    </a>
  )
  return (
    <PageFrame title="Evaluations" actions={create}>
      {!isEmpty && (
        <StatusFilter
          key={name}
          statuses={EVALUATION_STATUSES}
          status={status}
          name={name}
          onChange={(chosen) => goTo(href.evaluations(chosen))}
        />
      )}
      <List
        list={list}
        label="Evaluations"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        row={evaluationCells}
        empty={
          isFiltered ? (
            'No evaluation is like that.'
          ) : (
            <>
              No evaluation yet. <a href={href.newEvaluation()}>Evaluate a model</a>
            </>
          )
        }
      />
    </PageFrame>
  )
}

const evaluationCells = (evaluation: Evaluation) => {
  const { id, status, step, dataset } = evaluation
  return [
    <StatusBadge key="status" status={status} />,
    <div key="name">
      <a href={href.evaluation(id)} title={id}>
        {evaluationTitle(evaluation)}
      </a>
      {evaluation.error && <div className="field-error small clip">{evaluation.error.message}</div>}
    </div>,
    <EvaluationSubject key="of" {...evaluation} />,
    formatCount(step),
    <ResourceLink key="on" id={dataset} />,
    firstResult(evaluation),
    <Ago key="created" at={evaluation.created_at} />
  ]
}
