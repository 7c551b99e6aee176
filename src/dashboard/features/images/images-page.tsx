import { useState } from 'react'
import type { DatasetImage, DatasetVersion } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { Pager, Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { datasetQuery, versionQuery } from '../../data/queries/datasets.ts'
import { imageList, type VersionName, versionName } from '../../data/queries/images.ts'
import { useList } from '../../data/use-list.ts'
import { goTo } from '../../data/use-location.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatCount } from '../../format.ts'
import { href } from '../../router.ts'
import { RejectedFiles } from '../datasets/rejected-files.tsx'
import { ImageDialog } from './image-dialog.tsx'
import { LabelFilter } from './label-filter.tsx'
import { labelText } from './label-text.ts'
import { Thumbnail } from './thumbnail.tsx'

interface Props {
  /** `ds_…@3` */
  readonly reference: string
  readonly query: URLSearchParams
}

const PAGE_IMAGES = 60
const SIZE = 192

/** What is in a version of a dataset. */
export function ImagesPage({ reference, query }: Props) {
  const of = versionName(reference)
  if (of === null) {
    return (
      <PageFrame title="Images" parent={{ href: href.datasets(), name: 'Datasets' }}>
        <div className="empty">{reference} names no version of a dataset, as ds_…@1 does.</div>
      </PageFrame>
    )
  }
  const label = /^\d{1,9}$/.test(query.get('label') ?? '') ? Number(query.get('label')) : null
  return <Images of={of} label={label} />
}

function Images({ of, label }: { readonly of: VersionName; readonly label: number | null }) {
  const client = useClient()
  const { data: version, problem, retry } = useResource(versionQuery(client, of))
  const { data: dataset } = useResource(datasetQuery(client, of.id))
  const parent = { href: href.dataset(of.id), name: dataset?.name ?? 'Dataset' }
  const title = `Images of version ${of.version}`
  if (version === null || version.status !== 'ready') {
    return (
      <PageFrame title={title} parent={parent}>
        {problem && <ProblemNotice problem={problem} onRetry={retry} />}
        {problem === null && version === null && <Skeleton label="images" />}
        {version !== null && (
          <div className="empty">
            Version {of.version} is {version.status}, not ready.
          </div>
        )}
      </PageFrame>
    )
  }
  const reference = `${of.id}@${of.version}`
  const choose = (chosen: number | null) =>
    goTo(href.images(reference, chosen === null ? {} : { label: String(chosen) }))
  return (
    <PageFrame
      title={title}
      parent={parent}
      actions={
        <a className="button" href={href.newRun({ dataset: reference })}>
          Train on it
        </a>
      }
    >
      <Counts version={version} />
      <Section
        title={label === null ? 'All images' : `Images with the label ${labelText(label, version.classes)}`}
        actions={<LabelFilter classes={version.classes} label={label} onChange={choose} />}
      >
        <Grid key={label} of={of} label={label} classes={version.classes} />
      </Section>
      {version.rejected > 0 && (
        <Section title="Files that were not taken">
          <RejectedFiles datasetId={of.id} version={of.version} count={version.rejected} />
        </Section>
      )}
    </PageFrame>
  )
}

function Counts({ version }: { readonly version: DatasetVersion }) {
  const { images, rejected, duplicates, classes, report } = version
  return (
    <section className="card" aria-label="Counts">
      <Facts
        facts={[
          ['Images', formatCount(images)],
          ['Classes', classes === null ? 'no names' : formatCount(classes.length)],
          ['Rejected', formatCount(rejected)],
          ['Exact duplicates', formatCount(duplicates)],
          ...(report === null ? [] : ([['Near duplicates', formatCount(report.near_duplicates)]] as const))
        ]}
      />
    </section>
  )
}

interface GridProps {
  readonly of: VersionName
  readonly label: number | null
  readonly classes: readonly string[] | null
}

function Grid({ of, label, classes }: GridProps) {
  const { items, problem, retry, pager } = useList(imageList(useClient(), of, { label, limit: PAGE_IMAGES }))
  const [open, setOpen] = useState<number | null>(null)
  if (items === null) return problem ? <ProblemNotice problem={problem} onRetry={retry} /> : <Skeleton label="images" />
  const shown = open === null ? undefined : items[open]
  const to = (place: number) => (items[place] === undefined ? null : () => setOpen(place))
  return (
    <>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {items.length === 0 && <div className="empty">{emptyText(pager.next !== null)}</div>}
      <ul className="gallery" aria-label="Images">
        {items.map((image, place) => (
          <li key={image.index}>
            <Tile image={image} of={of} classes={classes} onOpen={() => setOpen(place)} />
          </li>
        ))}
      </ul>
      <Pager pager={pager} label="images" />
      {shown && open !== null && (
        <ImageDialog
          image={shown}
          of={of}
          classes={classes}
          previous={to(open - 1)}
          next={to(open + 1)}
          onClose={() => setOpen(null)}
        />
      )}
    </>
  )
}

/** A page of a label ends where enough was looked at. */
const emptyText = (isMore: boolean): string =>
  isMore ? 'None of them so far: the next page looks further.' : 'No image has this label.'

interface TileProps {
  readonly image: DatasetImage
  readonly of: VersionName
  readonly classes: readonly string[] | null
  readonly onOpen: () => void
}

function Tile({ image: { index, name, label }, of, classes, onOpen }: TileProps) {
  const caption = label === null ? name.slice(name.lastIndexOf('/') + 1) : labelText(label, classes)
  return (
    <button type="button" className="tile" title={name} onClick={onOpen}>
      <Thumbnail image={{ ...of, index }} size={SIZE} alt="" />
      <span className="caption">
        <span className="muted">{formatCount(index)}</span> {caption}
      </span>
    </button>
  )
}
