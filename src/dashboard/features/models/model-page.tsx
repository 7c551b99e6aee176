import type { Model } from '../../api/wire-models.ts'
import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { ProgressBar } from '../../components/progress-bar.tsx'
import { useResource } from '../../data/use-resource.ts'
import { href } from '../../router.ts'
import { Artifacts } from './artifacts.tsx'
import { KappaSection } from './kappa-section.tsx'
import { ModelFacts } from './model-facts.tsx'
import { PrototypeScatter } from './prototype-scatter.tsx'
import { Prototypes } from './prototypes.tsx'
import { TryIt } from './try-it.tsx'

const EXPORT_POLL_MS = 2000

export function ModelPage({ id }: { readonly id: string }) {
  const path = `/v1/models/${encodeURIComponent(id)}`
  const pollMs = ({ status }: Model) => (status === 'exporting' ? EXPORT_POLL_MS : null)
  const { data: model, problem, refresh } = useResource<Model>(path, { pollMs })
  const parent = { href: href.models(), name: 'Models' }
  if (model === null) {
    return (
      <PageFrame title="Model" parent={parent}>
        {problem ? <ProblemNotice problem={problem} onRetry={refresh} /> : <Skeleton label="model" />}
      </PageFrame>
    )
  }
  return (
    <PageFrame title={model.name ?? model.id} parent={parent}>
      {problem && <ProblemNotice problem={problem} onRetry={refresh} />}
      <ModelFacts model={model} />
      {model.status === 'exporting' && <Exporting />}
      {model.error && (
        <div className="notice bad" role="alert">
          <p>{model.error.message}</p>
          <p className="muted small">
            <code>{model.error.code}</code>
          </p>
        </div>
      )}
      {model.status === 'ready' && (
        <>
          <TryIt path={path} hasHead={hasHead(model)} />
          {hasHead(model) && (
            <>
              <div className="columns">
                <KappaSection path={path} config={model.config} />
                <PrototypeScatter path={path} />
              </div>
              <Prototypes path={path} />
            </>
          )}
          <Artifacts path={path} />
        </>
      )}
    </PageFrame>
  )
}

const hasHead = ({ config }: Model): boolean => typeof config?.prototypes === 'number'

function Exporting() {
  return (
    <section className="card" role="status">
      <ProgressBar percent={null} label="Export" />
      <p className="small">The teacher is exported, and its ONNX files are checked against the training program.</p>
    </section>
  )
}
