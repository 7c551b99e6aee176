import type { ImageAssignments } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { formatNumber, formatPercent } from '../../format.ts'
import { href } from '../../router.ts'
import { SeenPrototype } from '../prototypes/prototype-card.tsx'
import { PrototypeMatches } from '../prototypes/prototype-matches.tsx'
import { SetInWords } from '../prototypes/set-in-words.tsx'
import type { Source } from '../prototypes/use-source-choice.ts'

interface Props {
  readonly model: string
  readonly result: ImageAssignments
  /** Whose images are shown; null where nothing has seen any. */
  readonly source: Source | null
}

const MOST = 6

/** The prototypes that an image is a mixture of, with the images that each stands for. */
export function AssignedImages({ model, result, source }: Props) {
  const { assignments, effective_clusters: effective, density_percentile: percentile } = result
  return (
    <>
      <h3>The clusters it belongs to</h3>
      <p className="muted small">
        A cluster is a prototype of the model: how probably it is the image's, and the images that it stands for.
      </p>
      <Facts
        facts={[
          ['Effective prototypes', formatNumber(effective, 3)],
          ['Denser than', percentile == null ? '–' : `${formatPercent(percentile)} of held-out training images`],
          ['Log density, fitted', formatNumber(result.log_density)]
        ]}
      />
      {source?.by === 'set' && <SetInWords set={source.set} />}
      <ol className="assigned" aria-label="Likeliest prototypes">
        {assignments.map(({ prototype, probability, cosine, kappa }) => (
          <li key={prototype}>
            <h4>
              {formatPercent(probability, 1)} <a href={href.prototype(model, prototype)}>prototype {prototype}</a>
            </h4>
            <p className="muted small">
              cosine {cosine.toFixed(3)}, teacher's κ {formatNumber(kappa, 3)}
            </p>
            {source?.by === 'evaluation' && (
              <SeenPrototype evaluation={source.evaluation} prototype={prototype} most={MOST} />
            )}
            {source?.by === 'set' && <PrototypeMatches set={source.set.id} prototype={prototype} />}
          </li>
        ))}
      </ol>
    </>
  )
}
