import { lazy, type ReactNode, Suspense } from 'react'
import { Skeleton } from './components/list.tsx'
import { PageFrame } from './components/page-frame.tsx'
import { AuditPage } from './features/audit/audit-page.tsx'
import { ComparePage } from './features/compare/compare-page.tsx'
import { DatasetPage } from './features/datasets/dataset-page.tsx'
import { DatasetsPage } from './features/datasets/datasets-page.tsx'
import { NewDatasetPage } from './features/datasets/new-dataset-page.tsx'
import { EvaluationPage } from './features/evaluations/evaluation-page.tsx'
import { EvaluationsPage } from './features/evaluations/evaluations-page.tsx'
import { NewEvaluationPage } from './features/evaluations/new-evaluation-page.tsx'
import { ImagesPage } from './features/images/images-page.tsx'
import { KeysPage } from './features/keys/keys-page.tsx'
import { ModelNamePage } from './features/models/model-name-page.tsx'
import { ModelPage } from './features/models/model-page.tsx'
import { ModelsPage } from './features/models/models-page.tsx'
import { PlaygroundPage } from './features/playground/playground-page.tsx'
import { ProjectPage } from './features/projects/project-page.tsx'
import { ProjectsPage } from './features/projects/projects-page.tsx'
import { ExplorerPage } from './features/prototypes/explorer-page.tsx'
import { PrototypePage } from './features/prototypes/prototype-page.tsx'
import { NewRunPage } from './features/runs/new-run-page.tsx'
import { RunPage } from './features/runs/run-page.tsx'
import { RunsPage } from './features/runs/runs-page.tsx'
import { NewSweepPage } from './features/sweeps/new-sweep-page.tsx'
import { SweepPage } from './features/sweeps/sweep-page.tsx'
import { SweepsPage } from './features/sweeps/sweeps-page.tsx'
import { NewVectorSetPage } from './features/vector-sets/new-vector-set-page.tsx'
import { VectorSetPage } from './features/vector-sets/vector-set-page.tsx'
import { VectorSetsPage } from './features/vector-sets/vector-sets-page.tsx'
import { WebhookPage } from './features/webhooks/webhook-page.tsx'
import { WebhooksPage } from './features/webhooks/webhooks-page.tsx'
import { WorkersPage } from './features/workers/workers-page.tsx'
import { href, type Location } from './router.ts'

/** What draws a hundred thousand points is fetched by who looks at them. */
const MapPage = lazy(async () => ({ default: (await import('./features/map/map-page.tsx')).MapPage }))
/** So is what few look at. */
const MatchingPage = lazy(async () => ({
  default: (await import('./features/matching/matching-page.tsx')).MatchingPage
}))
const CurationPage = lazy(async () => ({
  default: (await import('./features/curation/curation-page.tsx')).CurationPage
}))

/** A key, where a page holds what was typed or is about one thing: another address is another page then. */
export function CurrentPage({ location: { route, query } }: { readonly location: Location }): ReactNode {
  switch (route.page) {
    case 'runs':
      return <RunsPage query={query} />
    case 'new-run':
      return <NewRunPage key={query.toString()} query={query} />
    case 'compare-runs':
      return <ComparePage key={query.toString()} ids={(query.get('runs') ?? '').split(',').filter(Boolean)} />
    case 'run':
      return <RunPage key={route.id} id={route.id} />
    case 'sweeps':
      return <SweepsPage query={query} />
    case 'new-sweep':
      return <NewSweepPage key={query.toString()} query={query} />
    case 'sweep':
      return <SweepPage key={route.id} id={route.id} />
    case 'datasets':
      return <DatasetsPage query={query} />
    case 'new-dataset':
      return <NewDatasetPage />
    case 'dataset':
      return <DatasetPage key={route.id} id={route.id} />
    case 'images':
      return <ImagesPage key={route.id} reference={route.id} query={query} />
    case 'models':
      return <Models query={query} />
    case 'model':
      return <ModelPage key={route.id} id={route.id} />
    case 'explorer':
      return <Explorer id={route.id} prototype={query.get('prototype')} />
    case 'matching':
      return (
        <Suspense fallback={<Skeleton label="matching" />}>
          <MatchingPage key={route.id} id={route.id} query={query} />
        </Suspense>
      )
    case 'playground':
      return <PlaygroundPage query={query} />
    case 'evaluations':
      return <EvaluationsPage query={query} />
    case 'new-evaluation':
      return <NewEvaluationPage key={query.toString()} query={query} />
    case 'evaluation':
      return <EvaluationPage key={route.id} id={route.id} />
    case 'vector-sets':
      return <VectorSetsPage query={query} />
    case 'new-vector-set':
      return <NewVectorSetPage key={query.toString()} query={query} />
    case 'vector-set':
      return <VectorSetPage key={route.id} id={route.id} />
    case 'map':
      return (
        <Suspense fallback={<Skeleton label="map" />}>
          <MapPage key={route.id} id={route.id} />
        </Suspense>
      )
    case 'curation':
      return (
        <Suspense fallback={<Skeleton label="vector set" />}>
          <CurationPage key={route.id} id={route.id} />
        </Suspense>
      )
    case 'workers':
      return <WorkersPage />
    case 'projects':
      return <ProjectsPage />
    case 'project':
      return <ProjectPage key={route.id} id={route.id} />
    case 'audit':
      return <AuditPage query={query} />
    case 'keys':
      return <KeysPage />
    case 'webhooks':
      return <WebhooksPage />
    case 'webhook':
      return <WebhookPage key={route.id} id={route.id} />
    case 'unknown':
      return (
        <PageFrame title="No such page">
          <div className="empty">
            This address names no page. <a href={href.runs()}>To the runs</a>
          </div>
        </PageFrame>
      )
  }
}

function Models({ query }: { readonly query: URLSearchParams }) {
  const name = query.get('versions_of')
  return name ? <ModelNamePage key={name} name={name} /> : <ModelsPage query={query} />
}

function Explorer({ id, prototype }: { readonly id: string; readonly prototype: string | null }) {
  if (prototype === null || !/^\d{1,7}$/.test(prototype)) return <ExplorerPage key={id} id={id} />
  return <PrototypePage key={`${id} ${prototype}`} id={id} index={Number(prototype)} />
}
