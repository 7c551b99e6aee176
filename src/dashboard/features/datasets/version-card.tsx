import { useMutation, useQueryClient } from '@tanstack/react-query'
import { dataOf } from '../../../client/client.ts'
import type { DatasetVersion } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { Facts } from '../../components/facts.tsx'
import { ProgressBar } from '../../components/progress-bar.tsx'
import { Section } from '../../components/section.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { isMoving, refreshDatasetLists, refreshVersions } from '../../data/queries/datasets.ts'
import { formatBytes, formatCount, formatMany } from '../../format.ts'
import { href } from '../../router.ts'
import { LabelHistogram } from './label-histogram.tsx'
import { RejectedFiles } from './rejected-files.tsx'
import { SizeHistogram } from './size-histogram.tsx'

interface Props {
  readonly version: DatasetVersion
  readonly datasetId: string
}

export function VersionCard({ version, datasetId }: Props) {
  const reference = `${datasetId}@${version.version}`
  const train = (
    <a className="button" href={href.newRun({ dataset: reference })}>
      Train on it
    </a>
  )
  return (
    <Section
      title={`Version ${version.version}`}
      actions={
        <div className="actions">
          <StatusBadge status={version.status} />
          {version.status === 'ready' && (
            <a className="button" href={href.images(reference)}>
              See its images
            </a>
          )}
          {version.status === 'ready' && train}
          {version.status === 'ready' && (
            <a className="button" href={href.newVectorSet({ dataset: reference })}>
              Embed it
            </a>
          )}
          {isMoving(version) ? (
            <CancelIngest version={version} datasetId={datasetId} />
          ) : (
            <DeleteVersion version={version} datasetId={datasetId} />
          )}
        </div>
      }
    >
      {version.status === 'ready' ? <Ready version={version} datasetId={datasetId} /> : <Moving version={version} />}
      {version.error && (
        <div className="notice bad" role="alert">
          <p>{version.error.message}</p>
          <p className="muted small">
            <code>{version.error.code}</code>
          </p>
        </div>
      )}
    </Section>
  )
}

function CancelIngest({ version: { version }, datasetId: id }: Props) {
  const client = useClient()
  const queries = useQueryClient()
  const cancel = useMutation({
    mutationFn: () =>
      dataOf(client.POST('/v1/datasets/{id}/versions/{version}:cancel', { params: { path: { id, version } } })),
    onSuccess: () => refreshVersions(queries, id)
  })
  return (
    <ConfirmButton
      label="Cancel"
      title={`Cancel version ${version}?`}
      confirm="Cancel the version"
      dismiss="Go on"
      mutation={cancel}
    >
      <p>What was taken so far is removed. The uploads stay, and another version can be made of them.</p>
    </ConfirmButton>
  )
}

function DeleteVersion({ version: { version }, datasetId: id }: Props) {
  const client = useClient()
  const queries = useQueryClient()
  const remove = useMutation({
    mutationFn: () =>
      dataOf(client.DELETE('/v1/datasets/{id}/versions/{version}', { params: { path: { id, version } } })),
    onSuccess: () => Promise.all([refreshVersions(queries, id), refreshDatasetLists(queries)])
  })
  return (
    <ConfirmButton
      label="Delete"
      accessibleName={`Delete version ${version}`}
      title={`Delete version ${version}?`}
      confirm="Delete the version"
      dismiss="Keep it"
      mutation={remove}
    >
      <p>Its images are removed and cannot be brought back. Other versions stay, and so do models made from it.</p>
    </ConfirmButton>
  )
}

function Moving({ version: { status, progress } }: { readonly version: DatasetVersion }) {
  if (status === 'failed' || status === 'cancelled') return null
  return (
    <>
      <ProgressBar percent={null} label="Ingest" />
      <p className="small" role="status">
        {status === 'queued' ? 'Waiting for a worker' : `${formatMany(progress.images, 'image')} taken`}
        {progress.rejected > 0 && `, ${formatCount(progress.rejected)} rejected`}
      </p>
    </>
  )
}

function Ready({ version, datasetId }: Props) {
  return (
    <>
      <Facts
        facts={[
          ['Images', formatCount(version.images)],
          ['Size', formatBytes(version.bytes)],
          ['Rejected', formatCount(version.rejected)],
          ['Exact duplicates', formatCount(version.duplicates)],
          ...(version.report === null ? [] : factsOf(version.report)),
          ['Source', sourceOf(version)],
          ['Ready', <Ago key="ready" at={version.ready_at} />],
          [
            'Content hash',
            <span key="hash" className="mono small" title={version.content_hash ?? undefined}>
              {shortHash(version.content_hash)}
            </span>
          ]
        ]}
      />
      <Labels version={version} reference={`${datasetId}@${version.version}`} />
      <SizeHistogram sizes={version.sizes} />
      {version.rejected > 0 && (
        <RejectedFiles datasetId={datasetId} version={version.version} count={version.rejected} />
      )}
    </>
  )
}

type Report = NonNullable<DatasetVersion['report']>

const rangeOf = ({ min, p50, max }: Report['width']): string => (min === max ? `${min}` : `${min} … ${p50} … ${max}`)

/** Least, median and most. */
function factsOf(report: Report): readonly (readonly [string, string])[] {
  const used = Object.entries(report.bits ?? {}).findLast(([, images]) => images > 0)?.[0]
  const deep = `${formatCount(report.deep)}${used === undefined ? '' : `, ${used} of 16 used`}`
  return [
    ['Width, px', rangeOf(report.width)],
    ['Height, px', rangeOf(report.height)],
    report.bands === undefined
      ? ['In colour', `${formatCount(report.colour)}, ${formatCount(report.gray)} gray`]
      : ['Bands', formatCount(report.bands.mean.length)],
    ['Near duplicates', formatCount(report.near_duplicates)],
    ...(report.deep > 0 ? [['More than 8 bits', deep] as const] : [])
  ]
}

const shortHash = (hash: string | null): string =>
  hash === null ? '–' : `${hash.replace(/^sha256:/, '').slice(0, 12)}…`

function sourceOf({ source }: DatasetVersion): string {
  if (source.type === 's3') return `s3: ${source.prefix}`
  if (source.type === 'selection') {
    // Of the dataset whose page this is: the API selects from no other.
    const [, version] = source.dataset.split('@')
    return `${source.strategy === 'indices' ? 'chosen' : source.strategy} images of version ${version}`
  }
  return source.uploads.length === 1 ? 'one upload' : `${source.uploads.length} uploads`
}

/** A thousand classes are a number; a few are worth their names. */
const MOST_NAMES = 40

interface LabelProps {
  readonly version: DatasetVersion
  readonly reference: string
}

/** Of older versions nobody counted which images have which label: that is said, since no label would be something else. */
function Labels({ version: { report, classes }, reference }: LabelProps) {
  const counts = report?.labels
  return counts === undefined ? (
    <>
      <Classes classes={classes} reference={reference} />
      {report && (
        <p className="muted small">
          How many images have which label is unknown: it was not counted yet when this version was made.
        </p>
      )}
    </>
  ) : (
    <LabelHistogram reference={reference} counts={counts} classes={classes} />
  )
}

function Classes({ classes, reference }: { readonly classes: readonly string[] | null; readonly reference: string }) {
  if (classes === null) return <p className="muted small">No class names; training needs none.</p>
  return (
    <>
      <h3>{formatMany(classes.length, 'class', 'classes')}</h3>
      <ul className="chips">
        {classes.slice(0, MOST_NAMES).map((name, label) => (
          <li key={name}>
            <a href={href.images(reference, { label: String(label) })}>{name}</a>
          </li>
        ))}
        {classes.length > MOST_NAMES && <li className="muted">and {formatCount(classes.length - MOST_NAMES)} more</li>}
      </ul>
    </>
  )
}
