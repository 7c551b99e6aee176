import type { Model, ModelConfig } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { formatCount, formatMany, formatNumber } from '../../format.ts'
import { href } from '../../router.ts'
import { ModelOrigin } from './model-origin.tsx'

export function ModelFacts({ model }: { readonly model: Model }) {
  const { config, verification } = model
  return (
    <section className="card" aria-label="Model">
      <div className="run-state">
        <StatusBadge status={model.status} />
        <span className="grow" />
        <span className="mono muted small">{model.id}</span>
      </div>
      <Facts
        facts={[
          ...(model.name === null || model.version === null
            ? []
            : [['Version', <VersionLink key="version" name={model.name} version={model.version} />] as const]),
          [
            'Made of',
            <span key="origin" title={model.checkpoint ?? undefined}>
              <ModelOrigin model={model} />
            </span>
          ],
          ['Created', <Ago key="created" at={model.created_at} />]
        ]}
      />
      {config && (
        <Facts
          facts={[
            ['Method', config.method ?? 'none: no head'],
            ['Backbone', `${config.arch}, patch ${config.patch_size}`],
            ['Input', `${config.image_size} × ${config.image_size}, ${colourOf(config.channels)}`],
            ['Resize', resizeFact(config)],
            ['Embedding', `${config.embedding_dim} numbers, unit length`],
            ...(config.prototypes === null ? [] : headFacts(config))
          ]}
        />
      )}
      {verification && (
        <p className="small">
          <b>Verified</b> on {formatMany(verification.images, 'image')} against the training program: smallest cosine{' '}
          {formatNearOne(verification.min_cosine)}, largest difference {formatNumber(verification.max_abs_error, 2)}.
        </p>
      )}
    </section>
  )
}

const VersionLink = ({ name, version }: { readonly name: string; readonly version: number }) => (
  <a href={href.models({ versions_of: name })} title={`All versions of ${name}`}>
    {name}@{version}
  </a>
)

const colourOf = (channels: number): string =>
  channels === 1 ? 'gray' : channels === 3 ? 'colour' : `${channels} bands`

function resizeFact({ preprocessing }: ModelConfig): string {
  if (preprocessing === null) return 'not recorded'
  const { resize, side, interpolation, crop, bits } = preprocessing
  const sides = resize === 'shorter_side' ? 'shorter side' : 'both sides'
  const cut = side === crop && resize === 'both_sides' ? '' : ', then the center'
  return `${sides} to ${side}, ${interpolation}${cut}${bits === 16 ? '' : `; 16-bit samples by ${bits} bits`}`
}

const headFacts = ({ bottleneck_dim, prototypes, temperature }: ModelConfig) =>
  [
    ['Bottleneck', `p = ${bottleneck_dim}`],
    ['Prototypes', `K = ${formatCount(prototypes)}`],
    ['Temperature', formatNumber(temperature)]
  ] as const

/** 0.99999999 as 1 − 1e-8: the difference is what there is to read. */
const formatNearOne = (cosine: number): string => (cosine >= 1 ? '1' : `1 − ${formatNumber(1 - cosine, 2)}`)
