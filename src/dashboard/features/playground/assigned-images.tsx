import type { Evaluation, ImageAssignments, VectorSet } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { formatNumber, formatPercent } from '../../format.ts'
import { ResourceName } from '../names/resource-link.tsx'
import { SeenPrototype } from '../prototypes/prototype-card.tsx'
import { PrototypeMatches } from './prototype-matches.tsx'

interface Props {
  readonly result: ImageAssignments
  /** Whose images are shown; null where none was made. */
  readonly evaluation: Evaluation | null
  /** Whose images are shown where no evaluation has seen any. */
  readonly set: VectorSet | null
}

const MOST = 6

/** The prototypes that an image is a mixture of, with the images that each stands for. */
export function AssignedImages({ result, evaluation, set }: Props) {
  const { assignments, effective_clusters: effective, density_percentile: percentile } = result
  return (
    <>
      <Facts
        facts={[
          ['Effective prototypes', formatNumber(effective, 3)],
          ['Denser than', percentile == null ? '–' : `${formatPercent(percentile)} of held-out training images`],
          ['Log density, fitted', formatNumber(result.log_density)]
        ]}
      />
      {evaluation === null && set?.prototypes != null && (
        <p className="muted small">
          Each prototype with the images of {set.name ?? <ResourceName id={set.dataset} />} that it wins: those nearest
          to the mean of all of them, by cosine.
        </p>
      )}
      <ol className="assigned" aria-label="Likeliest prototypes">
        {assignments.map(({ prototype, probability, cosine, kappa }) => (
          <li key={prototype}>
            <h3>
              {formatPercent(probability, 1)} <span className="muted">prototype {prototype}</span>
            </h3>
            <p className="muted small">
              cosine {cosine.toFixed(3)}, teacher's κ {formatNumber(kappa, 3)}
            </p>
            {evaluation && <SeenPrototype evaluation={evaluation} prototype={prototype} most={MOST} />}
            {evaluation === null && set !== null && set.prototypes !== null && (
              <PrototypeMatches set={set.id} prototype={prototype} />
            )}
          </li>
        ))}
      </ol>
    </>
  )
}
