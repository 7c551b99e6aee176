import type { VectorSet } from '../../../client/resources.ts'
import { href } from '../../router.ts'
import { ResourceName } from '../names/resource-link.tsx'

/** Which images of a vector set stand for a prototype. */
export const SetInWords = ({ set: { id, name, dataset } }: { readonly set: VectorSet }) => (
  <p className="muted small">
    Each prototype with the images of <a href={href.vectorSet(id)}>{name ?? <ResourceName id={dataset} />}</a> that it
    wins: those nearest to the mean of all of them, by cosine.
  </p>
)
