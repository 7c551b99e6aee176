import { type FormEvent, useState } from 'react'
import { newIdempotencyKey } from '../../api/client.ts'
import { fieldMessage } from '../../api/problem.ts'
import type { Dataset, DatasetVersion } from '../../api/wire.ts'
import { Field } from '../../components/field.tsx'
import { FileDrop } from '../../components/file-drop.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { ProgressBar } from '../../components/progress-bar.tsx'
import { useClient } from '../../data/api.ts'
import { useAction } from '../../data/use-action.ts'
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
  const { create, sent } = useCreateDataset()
  const choose = (chosen: readonly File[]) => {
    setFiles(chosen)
    if (name === '' && chosen[0]) setName(nameOf(chosen[0]))
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void create.run({ name: name.trim(), files, classes: splitClasses(classes) })
  }
  const errors = create.problem?.details.errors ?? []
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
        {create.problem && <ProblemNotice problem={create.problem} />}
        {create.isRunning && <Sending sent={sent} total={totalOf(files)} />}
        <div className="actions">
          <button
            type="submit"
            className="primary"
            disabled={create.isRunning || files.length === 0 || name.trim() === ''}
          >
            Upload and ingest
          </button>
          {create.isRunning && (
            <button type="button" onClick={create.cancel}>
              Stop
            </button>
          )}
        </div>
      </form>
    </PageFrame>
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
}

/** Create, upload each file, make a version, go and watch it. */
function useCreateDataset() {
  const client = useClient()
  const [sent, setSent] = useState(0)
  const create = useAction<[NewDataset]>(async (signal, { name, files, classes }) => {
    setSent(0)
    const options = () => ({ idempotencyKey: newIdempotencyKey(), signal })
    const dataset = await client.send<Dataset>('POST', '/v1/datasets', { body: { name }, ...options() })
    const uploads: string[] = []
    let before = 0
    for (const file of files) {
      const already = before
      const onProgress = (bytes: number) => setSent(already + bytes)
      uploads.push(await uploadFile({ client, datasetId: dataset.id, file, signal, onProgress }))
      before += file.size
    }
    const source = { type: 'upload', uploads, ...(classes.length > 0 ? { classes } : {}) }
    const path = `/v1/datasets/${encodeURIComponent(dataset.id)}/versions`
    await client.send<DatasetVersion>('POST', path, { body: { source }, ...options() })
    goTo(href.dataset(dataset.id))
  })
  return { create, sent }
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
