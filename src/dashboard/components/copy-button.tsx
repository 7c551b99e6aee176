import { useState } from 'react'

/** The clipboard API exists on https and localhost alone; elsewhere the old command still works. */
async function copy(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text)
    return true
  }
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  const isCopied = document.execCommand('copy')
  area.remove()
  return isCopied
}

export function CopyButton({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }) {
  const [state, setState] = useState<'idle' | 'copied' | 'refused'>('idle')
  const onClick = async () => {
    const isCopied = await copy(text).catch(() => false)
    setState(isCopied ? 'copied' : 'refused')
  }
  return (
    <button type="button" className="quiet" onClick={onClick}>
      <span aria-live="polite">
        {state === 'idle' ? label : state === 'copied' ? 'Copied' : 'Select the text and copy it'}
      </span>
    </button>
  )
}
