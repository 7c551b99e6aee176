import { useClient } from '../../data/api.ts'
import { versionQuery } from '../../data/queries/datasets.ts'
import { imageQuery, type VersionName } from '../../data/queries/images.ts'
import { useResource } from '../../data/use-resource.ts'
import { ImageDialog } from './image-dialog.tsx'

interface Props {
  readonly of: VersionName
  readonly index: number
  readonly previous: (() => void) | null
  readonly next: (() => void) | null
  readonly onClose: () => void
}

/** One image of which no more is known than where it is in its dataset. */
export function NamedImageDialog({ of, index, ...moves }: Props) {
  const client = useClient()
  const { data: image } = useResource(imageQuery(client, { ...of, index }))
  const { data: version } = useResource(versionQuery(client, of))
  return image && <ImageDialog image={image} of={of} classes={version?.classes ?? null} {...moves} />
}
