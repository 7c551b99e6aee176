/** Something is not as it should be, in a list: what, in a word, and in a sentence on hover. */
export function AlarmBadge({ text, title }: { readonly text: string; readonly title?: string }) {
  return (
    <span className="badge bad" title={title}>
      <span aria-hidden="true">▲</span> {text}
    </span>
  )
}
