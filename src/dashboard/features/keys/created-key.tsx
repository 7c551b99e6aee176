import type { IssuedApiKey } from '../../../client/resources.ts'
import { CopyButton } from '../../components/copy-button.tsx'

interface Props {
  readonly created: IssuedApiKey
  readonly onClose: () => void
}

export function CreatedKey({ created, onClose }: Props) {
  return (
    <div className="notice good" role="alert">
      <p>
        The key <b>{created.name}</b>. It is shown this once; only a hash of it is kept.
      </p>
      <p>
        <code className="break">{created.key ?? 'It was shown before: revoke it and create another.'}</code>
      </p>
      <div className="actions">
        {created.key !== null && <CopyButton text={created.key} label="Copy the key" />}
        <button type="button" onClick={onClose}>
          I have it
        </button>
      </div>
    </div>
  )
}
