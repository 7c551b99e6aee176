import { useMutation } from '@tanstack/react-query'
import { type KeyboardEvent, useEffect, useRef } from 'react'
import type { DatasetImage } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { fetchFile, type VersionName } from '../../data/queries/images.ts'
import { formatBytes, formatCount } from '../../format.ts'
import { labelText } from './label-text.ts'
import { Thumbnail } from './thumbnail.tsx'

interface Props {
  readonly image: DatasetImage
  readonly of: VersionName
  readonly classes: readonly string[] | null
  /** Null at the ends of the page. */
  readonly previous: (() => void) | null
  readonly next: (() => void) | null
  readonly onClose: () => void
}

const LARGE = 768

/** One image, as large as there is room. The arrow keys go to its neighbours. */
export function ImageDialog({ image, of, classes, previous, next, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  const onKeyDown = ({ key }: KeyboardEvent) => {
    if (key === 'ArrowLeft') previous?.()
    if (key === 'ArrowRight') next?.()
  }
  const { index, name, label, width, height, bytes, format, sha256 } = image
  return (
    <dialog ref={dialog} className="image-dialog" aria-label={`Image ${index}`} onClose={onClose} onKeyDown={onKeyDown}>
      <Thumbnail key={index} image={{ ...of, index }} size={LARGE} alt={name} />
      <Facts
        facts={[
          ['Image', formatCount(index)],
          [
            'Name',
            <span key="name" className="break">
              {name}
            </span>
          ],
          ['Label', labelText(label, classes)],
          ['Pixels', `${width} × ${height}`],
          ['Stored', `${format === 'raw' ? 'pixels' : format.toUpperCase()}, ${formatBytes(bytes)}`],
          [
            'SHA-256',
            <span key="hash" className="mono small" title={sha256}>
              {sha256.slice(0, 12)}…
            </span>
          ]
        ]}
      />
      <div className="actions">
        <button type="button" disabled={!previous} onClick={previous ?? undefined}>
          Previous
        </button>
        <button type="button" disabled={!next} onClick={next ?? undefined}>
          Next
        </button>
        <SaveButton image={image} of={of} />
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  )
}

function SaveButton({ image: { index, name, format }, of }: Pick<Props, 'image' | 'of'>) {
  const client = useClient()
  const save = useMutation({
    mutationFn: () => fetchFile(client, { ...of, index }),
    onSuccess: (blob) => {
      const url = URL.createObjectURL(blob)
      const link = document.createElement('a')
      link.href = url
      link.download = `${name.slice(name.lastIndexOf('/') + 1)}${format === 'raw' ? '.png' : ''}`
      link.click()
      URL.revokeObjectURL(url)
    }
  })
  const problem = problemOf(save)
  return (
    <>
      <button type="button" disabled={save.isPending} onClick={() => save.mutate()}>
        Download
      </button>
      {problem && <ProblemNotice problem={problem} />}
    </>
  )
}
