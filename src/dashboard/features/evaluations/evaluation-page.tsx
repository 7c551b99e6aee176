import type { Evaluation } from '../../../client/resources.ts'
import { type Fact, Facts } from '../../components/facts.tsx'
import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { ProgressBar } from '../../components/progress-bar.tsx'
import { Section } from '../../components/section.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { evaluationQuery, isOpen } from '../../data/queries/evaluations.ts'
import { useResource } from '../../data/use-resource.ts'
import { evaluationTitle } from '../../evaluation-metrics.ts'
import { formatCount, formatField } from '../../format.ts'
import { href } from '../../router.ts'
import { MetadataFacts } from '../description/metadata-facts.tsx'
import { ResourceLink } from '../names/resource-link.tsx'
import { EvaluationActions } from './evaluation-actions.tsx'
import { EvaluationResults } from './evaluation-results.tsx'
import { EvaluationSubject } from './evaluation-subject.tsx'
import { SETTING_FIELDS } from './plan-form.ts'

export function EvaluationPage({ id }: { readonly id: string }) {
  const { data: evaluation, problem, retry } = useResource(evaluationQuery(useClient(), id))
  const parent = { href: href.evaluations(), name: 'Evaluations' }
  if (evaluation === null) {
    return (
      <PageFrame title="Evaluation" parent={parent}>
        {problem ? <ProblemNotice problem={problem} onRetry={retry} /> : <Skeleton label="evaluation" />}
      </PageFrame>
    )
  }
  return (
    <PageFrame
      title={evaluationTitle(evaluation)}
      parent={parent}
      actions={
        <>
          {evaluation.prototypes !== null && evaluation.model !== null && (
            <a className="button" href={href.explorer(evaluation.model)}>
              See the prototypes' images
            </a>
          )}
          <EvaluationActions evaluation={evaluation} />
        </>
      }
    >
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      <State evaluation={evaluation} />
      <Section
        title="Results"
        hint="Compare numbers of one protocol on one dataset with equal settings only. An interval is over images or draws, not over training runs."
      >
        <EvaluationResults evaluation={evaluation} />
        {evaluation.results.length === 0 && evaluation.error === null && (
          <div className="empty">{isOpen(evaluation) ? 'Nothing is measured yet.' : 'Nothing was measured.'}</div>
        )}
      </Section>
    </PageFrame>
  )
}

function State({ evaluation }: { readonly evaluation: Evaluation }) {
  return (
    <section className="card" aria-label="State">
      <div className="run-state">
        <StatusBadge status={evaluation.status} />
        <span className="grow" />
        <span className="mono muted small">{evaluation.id}</span>
      </div>
      {isOpen(evaluation) && <ProgressBar percent={percentOf(evaluation)} label="Progress" />}
      <Facts facts={factsOf(evaluation)} />
      <MetadataFacts metadata={evaluation.metadata} />
    </section>
  )
}

/** Of the images until they are read; how long a protocol computes is known of few of them. */
function percentOf({ status, progress: { images, total_images: total, protocol, share } }: Evaluation): number | null {
  if (status === 'queued') return 0
  if (protocol !== null) return share === null ? null : 100 * share
  return total === 0 ? null : (100 * images) / total
}

function factsOf(evaluation: Evaluation): readonly Fact[] {
  const { run, dataset, queries, distractors, whitening, against, protocols, settings } = evaluation
  const asked = SETTING_FIELDS.filter(({ name }) => settings[name] !== null)
  return [
    [evaluation.model === null ? 'Checkpoint' : 'Model', <EvaluationSubject key="of" {...evaluation} />],
    ['Step', formatCount(evaluation.step)],
    ...(run === null ? [] : [['Asked for by', <ResourceLink key="run" id={run} />] as const]),
    ['Images that vote', <ResourceLink key="bank" id={dataset} />],
    ['Images judged', queries === null ? 'the same, each without itself' : <ResourceLink key="queries" id={queries} />],
    ...(distractors === null ? [] : [['Distractors', <ResourceLink key="distractors" id={distractors} />] as const]),
    ...(whitening === null ? [] : [['Whitening', <ResourceLink key="whitening" id={whitening} />] as const]),
    ...(against === null ? [] : [['Compared with', <ResourceLink key="against" id={against} />] as const]),
    ['Protocols', protocols === null ? 'all that can be run' : protocols.join(', ')],
    ...asked.map(({ name, label }) => [label, formatField(name, settings[name])] as const),
    ['Attempt', formatCount(evaluation.attempt)],
    ['Created', <Ago key="created" at={evaluation.created_at} />],
    ['Ended', <Ago key="ended" at={evaluation.finished_at} />]
  ]
}
