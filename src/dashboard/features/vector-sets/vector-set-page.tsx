import type { VectorSet } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { ProgressBar } from '../../components/progress-bar.tsx'
import { Section } from '../../components/section.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { fetchVectorFiles, isBeingMade, vectorSetQuery } from '../../data/queries/vector-sets.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatCount, formatMany } from '../../format.ts'
import { href } from '../../router.ts'
import { MetadataFacts } from '../description/metadata-facts.tsx'
import { FileTable } from '../files/file-table.tsx'
import { ResourceLink } from '../names/resource-link.tsx'
import { VectorSearch } from './vector-search.tsx'
import { VectorSetActions } from './vector-set-actions.tsx'
import { INDEX_WORDS, percentOf, progressWords } from './vector-set-words.ts'

export function VectorSetPage({ id }: { readonly id: string }) {
  const client = useClient()
  const { data: set, problem, retry } = useResource(vectorSetQuery(client, id))
  const parent = { href: href.vectorSets(), name: 'Vector sets' }
  if (set === null) {
    return (
      <PageFrame title="Vector set" parent={parent}>
        {problem ? <ProblemNotice problem={problem} onRetry={retry} /> : <Skeleton label="vector set" />}
      </PageFrame>
    )
  }
  const isMade = set.status === 'succeeded'
  return (
    <PageFrame title={set.name ?? 'Vector set'} parent={parent} actions={<VectorSetActions set={set} />}>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      <State set={set} />
      {isMade && set.index !== null && <VectorSearch set={set} />}
      {isMade && (
        <Section
          title="Files"
          hint="A row of vectors.npy and a line of images.jsonl for each image, in the order of the dataset."
        >
          <FileTable files={set.files} fetchFiles={() => fetchVectorFiles(client, id)} />
        </Section>
      )}
    </PageFrame>
  )
}

function State({ set }: { readonly set: VectorSet }) {
  const { status, error, model, dataset, dimensions, prototypes, index, progress } = set
  return (
    <section className="card" aria-label="State">
      <div className="run-state">
        <StatusBadge status={status} />
        {isBeingMade(set) && <span className="muted">{progressWords(set)}</span>}
        <span className="grow" />
        <span className="mono muted small">{set.id}</span>
      </div>
      {isBeingMade(set) && <ProgressBar percent={percentOf(set)} label="Progress" />}
      {error && (
        <div className="notice bad" role="alert">
          <p>{error.message}</p>
          <p className="muted small">
            <code>{error.code}</code>
          </p>
        </div>
      )}
      <Facts
        facts={[
          ['Model', <ResourceLink key="model" id={model} />],
          ['Dataset', <ResourceLink key="dataset" id={dataset} />],
          ['Images', formatCount(progress.total_images)],
          ['Dimensions', formatCount(dimensions)],
          ['Assigned to', prototypes === null ? 'no prototypes' : formatMany(prototypes, 'prototype')],
          ['Searched', index === null ? 'no, files alone' : INDEX_WORDS[index]],
          ['Created', <Ago key="created" at={set.created_at} />],
          ['Ended', <Ago key="ended" at={set.finished_at} />]
        ]}
      />
      <MetadataFacts metadata={set.metadata} />
    </section>
  )
}
