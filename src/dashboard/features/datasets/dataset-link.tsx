import { href } from '../../router.ts'

/** `ds_…@3`, or `ds_…`. */
export function DatasetLink({ reference }: { readonly reference: string }) {
  const [id = reference, version] = reference.split('@')
  return (
    <a href={href.dataset(id)}>
      <span className="mono">{id}</span>
      {version && ` version ${version}`}
    </a>
  )
}
