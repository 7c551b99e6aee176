import type { IssuedWebhook } from '../../../client/resources.ts'
import { CopyButton } from '../../components/copy-button.tsx'

interface Props {
  readonly issued: IssuedWebhook
  readonly onClose: () => void
}

export function IssuedSecret({ issued: { url, secret }, onClose }: Props) {
  return (
    <div className="notice good" role="alert">
      <p>
        The secret that verifies what is sent to <b className="break">{url}</b>. It is shown this once.
      </p>
      <p>
        <code className="break">{secret ?? 'It was shown before: give the webhook a new one.'}</code>
      </p>
      <div className="actions">
        {secret !== null && <CopyButton text={secret} label="Copy the secret" />}
        <button type="button" onClick={onClose}>
          I have it
        </button>
      </div>
    </div>
  )
}
