import type { Model } from '../../../client/resources.ts'
import { AlarmBadge } from '../../components/alarm-badge.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { formatCount } from '../../format.ts'
import { modelTitle } from '../../resource-titles.ts'
import { href } from '../../router.ts'
import { ModelOrigin } from './model-origin.tsx'

export const MODEL_COLUMNS = ['Status', 'Model', 'Made of', 'Method', 'Embedding', 'Prototypes', 'Created']

export const modelCells = (model: Model) => [
  <div key="status">
    <StatusBadge status={model.status} />{' '}
    {model.mixture?.alarm && <AlarmBadge text="collapse" title={model.mixture.alarm} />}
  </div>,
  <ModelName key="name" model={model} />,
  <ModelOrigin key="origin" model={model} />,
  model.config ? (
    <span key="method">
      {model.config.method ?? 'embeddings only'} <span className="muted">{model.config.arch}</span>
    </span>
  ) : (
    '–'
  ),
  model.config ? `${model.config.embedding_dim} dim` : '–',
  formatCount(model.config?.prototypes),
  <Ago key="created" at={model.created_at} />
]

/** Its page, and the page of all versions of its name. */
function ModelName({ model, model: { id, name, version, aliases } }: { readonly model: Model }) {
  if (name === null || version === null)
    return (
      <a href={href.model(id)} title={id}>
        {modelTitle(model)}
      </a>
    )
  return (
    <>
      <a href={href.model(id)} title={id}>
        {name}
      </a>{' '}
      <a className="muted" href={href.models({ versions_of: name })} title={`All versions of ${name}`}>
        @{[version, ...aliases].join(', @')}
      </a>
    </>
  )
}
