/** Charts of what a loss is made of, for runs that have those terms. */
import { LineChart } from '../../charts/line-chart.tsx'
import { type ChartProps, FROM_ZERO, hasPoints, line } from './chart-lines.ts'

/** Of methods that hide patches; the charts before are then of the class token. */
export function PatchCharts({ metrics: { columns }, ...shared }: ChartProps) {
  if (!hasPoints(columns, 'patch_loss')) return null
  return (
    <>
      <LineChart
        {...shared}
        title="Loss of both tokens"
        hint="The total is their weighted sum, in nats."
        lines={[line(columns, 'class token', 'cls_loss', 1), line(columns, 'hidden patches', 'patch_loss', 2)]}
        include={FROM_ZERO}
      />
      <LineChart
        {...shared}
        title="Entropy of hidden patches"
        hint="The gap is what an assignment tells about its patch."
        lines={[
          line(columns, 'of the mean', 'patch_mean_assignment_entropy', 3),
          line(columns, 'of one patch (teacher)', 'patch_teacher_entropy', 1)
        ]}
        include={FROM_ZERO}
      />
    </>
  )
}

/** Terms of the loss that few runs have, each before its weight. */
export function TermCharts({ metrics: { columns }, ...shared }: ChartProps) {
  return (
    <>
      {hasPoints(columns, 'nested_loss') && (
        <LineChart
          {...shared}
          title="Loss of the first dimensions"
          hint="Mean of what the class tokens cost from their first dimensions alone, in nats."
          lines={[line(columns, 'nested', 'nested_loss', 2)]}
          include={FROM_ZERO}
        />
      )}
      {hasPoints(columns, 'koleo_features') && (
        <LineChart
          {...shared}
          title="KoLeo of features"
          hint="Before its weight: the lower, the farther images are from their nearest neighbours."
          lines={[line(columns, 'features', 'koleo_features', 3)]}
        />
      )}
      {hasPoints(columns, 'koleo_prototypes') && (
        <LineChart
          {...shared}
          title="KoLeo of prototypes"
          hint="Before its weight: the lower, the farther prototypes are from their nearest neighbours."
          lines={[line(columns, 'prototypes', 'koleo_prototypes', 4)]}
        />
      )}
      {hasPoints(columns, 'gram_loss') && (
        <LineChart
          {...shared}
          title="Gram anchoring"
          hint="Before its weight: how far cosines between patches are from the anchor's, squared."
          lines={[line(columns, 'distance', 'gram_loss', 1)]}
          include={FROM_ZERO}
        />
      )}
    </>
  )
}
