import type { Assignment, ImageAssignments } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { Table } from '../../components/list.tsx'
import { formatNumber, formatPercent } from '../../format.ts'

const COLUMNS = ['Prototype', 'Probability', 'Cosine', "Teacher's κ"]

export function AssignmentView({ result }: { readonly result: ImageAssignments }) {
  const { entropy, effective_clusters, log_density, density_percentile } = result
  return (
    <>
      <h3>Assignments</h3>
      <Table
        label="Likeliest prototypes"
        columns={COLUMNS}
        rows={result.assignments.map((one) => ({ key: one.prototype, cells: assignmentCells(one) }))}
      />
      <Facts
        facts={[
          ['Entropy', entropy === undefined ? '–' : `${formatNumber(entropy, 3)} nats`],
          ['Effective prototypes', formatNumber(effective_clusters, 3)],
          ['Log density, fitted', formatNumber(log_density)],
          ['Denser than', density_percentile == null ? '–' : `${formatPercent(density_percentile)} of held-out images`]
        ]}
      />
    </>
  )
}

const assignmentCells = ({ prototype, probability, cosine, kappa }: Assignment) => [
  prototype,
  <span key="probability" className="probability">
    <span className="track" aria-hidden="true">
      <i style={{ width: `${probability * 100}%` }} />
    </span>
    {formatPercent(probability, 1)}
  </span>,
  cosine.toFixed(3),
  formatNumber(kappa)
]
