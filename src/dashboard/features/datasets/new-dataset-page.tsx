import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { dataOf, idempotent, type KappaClient, newIdempotencyKey } from '../../../client/client.ts'
import { fieldMessage } from '../../../client/problem.ts'
import { Field } from '../../components/field.tsx'
import { FileDrop } from '../../components/file-drop.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { ProgressBar } from '../../components/progress-bar.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { refreshDatasetLists } from '../../data/queries/datasets.ts'
import { useAbort } from '../../data/use-abort.ts'
import { goTo } from '../../data/use-location.ts'
import { formatBytes, formatPercent } from '../../format.ts'
import { href } from '../../router.ts'
import { uploadFile } from './upload.ts'

const ACCEPT = '.zip,.tar,.tgz,.tar.gz,.gz,.jpg,.jpeg,.png,.webp,.avif,.tif,.tiff,.gif'

const nameOf = (file: File): string => file.name.replace(/(\.tar)?\.[a-z0-9]+$/i, '')
const totalOf = (files: readonly File[]): number => files.reduce((sum, file) => sum + file.size, 0)

export function NewDatasetPage() {
  const [files, setFiles] = useState<readonly File[]>([])
  const [name, setName] = useState('')
  const [classes, setClasses] = useState('')
  const [channels, setChannels] = useState<Channels | null>(null)
  const { create, sent, stop } = useCreateDataset()
  const problem = problemOf(create)
  const choose = (chosen: readonly File[]) => {
    setFiles(chosen)
    if (name === '' && chosen[0]) setName(nameOf(chosen[0]))
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const request = { name: name.trim(), files, classes: splitClasses(classes), channels }
    create.mutate(request, { onSuccess: (datasetId) => goTo(href.dataset(datasetId)) })
  }
  const errors = problem?.details.errors ?? []
  return (
    <PageFrame title="New dataset" parent={{ href: href.datasets(), name: 'Datasets' }}>
      <form className="card narrow" onSubmit={submit}>
        <FileDrop label="Files with images" accept={ACCEPT} multiple onFiles={choose}>
          <b>Choose or drop files</b>
          <span className="muted small">
            One zip or tar(.gz) of JPEG, PNG, WebP, AVIF, TIFF or GIF, with or without class folders; or single images;
            or IDX files of images and labels.
          </span>
        </FileDrop>
        {files.length > 0 && <ChosenFiles files={files} />}
        <Field label="Name" error={fieldMessage(errors, '/name')}>
          {(control) => <input {...control} required value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field
          label="Class names (optional)"
          hint="Comma-separated, for IDX labels. Class folders in an archive name themselves."
          error={fieldMessage(errors, '/source/classes')}
        >
          {(control) => <input {...control} value={classes} onChange={(event) => setClasses(event.target.value)} />}
        </Field>
        <ChannelsField value={channels} onChange={setChannels} />
        {problem && <ProblemNotice problem={problem} />}
        {create.isPending && <Sending sent={sent} total={totalOf(files)} />}
        <div className="actions">
          <button
            type="submit"
            className="primary"
            disabled={create.isPending || files.length === 0 || name.trim() === ''}
          >
            Upload and ingest
          </button>
          {create.isPending && (
            <button type="button" onClick={stop}>
              Stop
            </button>
          )}
        </div>
      </form>
    </PageFrame>
  )
}

/** Of TIFFs of bands; gray and colour need not be said. */
const CHANNELS = [2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16] as const
type Channels = (typeof CHANNELS)[number]

interface ChannelsProps {
  readonly value: Channels | null
  readonly onChange: (channels: Channels | null) => void
}

function ChannelsField({ value, onChange }: ChannelsProps) {
  const choose = (text: string) => onChange(CHANNELS.find((channels) => String(channels) === text) ?? null)
  return (
    <Field label="Channels" hint="Bands: TIFFs of so many pages or samples, and nothing else is taken.">
      {(control) => (
        <select {...control} value={value ?? ''} onChange={(event) => choose(event.target.value)}>
          <option value="">gray or colour</option>
          {CHANNELS.map((channels) => (
            <option key={channels} value={channels}>
              {channels} bands
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

function splitClasses(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

interface NewDataset {
  readonly name: string
  readonly files: readonly File[]
  readonly classes: readonly string[]
  readonly channels: Channels | null
}

interface Steps {
  readonly client: KappaClient
  readonly signal: AbortSignal
  /** Bytes of all files that have left so far. */
  readonly onProgress: (bytes: number) => void
}

/** Create, upload each file, make a version; the id of the dataset. */
async function createDataset({ name, files, classes, channels }: NewDataset, steps: Steps): Promise<string> {
  const { client, signal, onProgress } = steps
  const once = () => ({ ...idempotent(newIdempotencyKey()), signal })
  const { id } = await dataOf(client.POST('/v1/datasets', { body: { name }, ...once() }))
  const uploads: string[] = []
  let before = 0
  for (const file of files) {
    const already = before
    const report = (bytes: number) => onProgress(already + bytes)
    uploads.push(await uploadFile({ client, datasetId: id, file, signal, onProgress: report }))
    before += file.size
  }
  const options = { ...(classes.length > 0 && { classes: [...classes] }), ...(channels && { channels }) }
  const source = { type: 'upload' as const, uploads, ...options }
  const params = { path: { id } }
  await dataOf(client.POST('/v1/datasets/{id}/versions', { params, body: { source }, ...once() }))
  return id
}

function useCreateDataset() {
  const client = useClient()
  const queries = useQueryClient()
  const abort = useAbort()
  const [sent, setSent] = useState(0)
  const create = useMutation({
    mutationFn: (request: NewDataset) => {
      setSent(0)
      return createDataset(request, { client, signal: abort.start(), onProgress: setSent })
    },
    onSuccess: () => void refreshDatasetLists(queries)
  })
  return { create, sent, stop: abort.stop }
}

function ChosenFiles({ files }: { readonly files: readonly File[] }) {
  const [first] = files
  return (
    <p className="small">
      {files.length === 1 ? first?.name : `${files.length} files`} · {formatBytes(totalOf(files))}
    </p>
  )
}

function Sending({ sent, total }: { readonly sent: number; readonly total: number }) {
  const share = total === 0 ? 0 : sent / total
  return (
    <div role="status">
      <ProgressBar percent={share * 100} label="Upload" />
      <p className="small">
        {formatBytes(sent)} of {formatBytes(total)} sent ({formatPercent(share)})
      </p>
    </div>
  )
}
