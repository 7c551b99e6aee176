import type { Model } from '../../../client/resources.ts'
import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { ProgressBar } from '../../components/progress-bar.tsx'
import { useClient } from '../../data/api.ts'
import { modelQuery } from '../../data/queries/models.ts'
import { useResource } from '../../data/use-resource.ts'
import { modelTitle } from '../../resource-titles.ts'
import { href } from '../../router.ts'
import { DriftSection } from '../drift/drift-section.tsx'
import { Aliases } from './aliases.tsx'
import { Artifacts } from './artifacts.tsx'
import { Evaluations } from './evaluations.tsx'
import { KappaSection } from './kappa-section.tsx'
import { MixtureFacts } from './mixture-facts.tsx'
import { ModelActions } from './model-actions.tsx'
import { ModelFacts } from './model-facts.tsx'
import { ImportSection } from './model-origin.tsx'
import { PrototypeScatter } from './prototype-scatter.tsx'
import { Prototypes } from './prototypes.tsx'
import { TryIt } from './try-it.tsx'

export function ModelPage({ id }: { readonly id: string }) {
  const { data: model, problem, retry } = useResource(modelQuery(useClient(), id))
  const parent = { href: href.models(), name: 'Models' }
  if (model === null) {
    return (
      <PageFrame title="Model" parent={parent}>
        {problem ? <ProblemNotice problem={problem} onRetry={retry} /> : <Skeleton label="model" />}
      </PageFrame>
    )
  }
  return (
    <PageFrame title={model.name ?? modelTitle(model)} parent={parent} actions={<ModelActions model={model} />}>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      <ModelFacts model={model} />
      {model.import !== null && <ImportSection imported={model.import} />}
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
          <TryIt id={model.id} hasHead={hasHead(model)} channels={model.config?.channels ?? null} />
          {hasHead(model) && (
            <>
              <MixtureFacts model={model} />
              <DriftSection model={model} />
              <div className="columns">
                {model.mixture?.fitted && <KappaSection id={model.id} view="fitted" />}
                {model.mixture?.fitted && <PrototypeScatter id={model.id} />}
                <KappaSection id={model.id} view="model" />
              </div>
              <Prototypes id={model.id} />
            </>
          )}
          {model.name !== null && model.version !== null && <Aliases model={model} name={model.name} />}
          <Evaluations model={model.id} />
          <Artifacts id={model.id} />
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
