import { useEffect, useState } from 'react'
import { FileDrop } from '../../components/file-drop.tsx'
import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Section } from '../../components/section.tsx'
import type { TriedImage } from '../../data/queries/tried-images.ts'
import { goTo, replaceBy } from '../../data/use-location.ts'
import { useObjectUrl } from '../../data/use-object-url.ts'
import { href } from '../../router.ts'
import { ModelAnswer } from './model-answer.tsx'
import { ModelChoice, useFirstModel } from './model-choice.tsx'

/** An image of yours: which prototypes it belongs to, what those stand for, and what is near to it; by one model, or by two. */
export function PlaygroundPage({ query }: { readonly query: URLSearchParams }) {
  const model = query.get('model') ?? ''
  const other = query.get('with') ?? ''
  const first = useFirstModel()
  useEffect(() => {
    // In the address, so that a model that becomes ready meanwhile does not take the place of the one that was asked.
    if (model === '' && first.id !== null) replaceBy(href.playground({ model: first.id }))
  }, [model, first.id])
  const [image, setImage] = useState<TriedImage | null>(null)
  const show = (next: { readonly model?: string; readonly with?: string }) => {
    const chosen = { model, with: other, ...next }
    goTo(href.playground(Object.fromEntries(Object.entries(chosen).filter(([, id]) => id !== ''))))
  }
  return (
    <PageFrame title="Playground">
      {model === '' && (first.isKnown && first.id === null ? <NoModel /> : <Skeleton label="models" />)}
      {model !== '' && (
        <>
          <div className="columns">
            <div className="card">
              <ModelChoice model={model} onChoose={(id) => show({ model: id })} />
              <ModelChoice
                label="Beside it"
                empty="no other model"
                except={model}
                model={other}
                onChoose={(id) => show({ with: id })}
              />
            </div>
            <YourImage
              image={image?.file ?? null}
              onImage={(file) => setImage((before) => ({ number: (before?.number ?? 0) + 1, file }))}
            />
          </div>
          <div className="columns">
            <ModelAnswer key={model} model={model} image={image} />
            {other !== '' && <ModelAnswer key={`${other} beside`} model={other} image={image} />}
          </div>
        </>
      )}
    </PageFrame>
  )
}

const NoModel = () => (
  <div className="empty">
    Here a model shows what it makes of an image of yours: the images nearest to it, the cluster it belongs to, and why.
    There is no model yet. <a href={href.newRun()}>Train one</a>, or see <a href={href.models()}>those on the way</a>.
  </div>
)

interface YourImageProps {
  readonly image: File | null
  readonly onImage: (file: File) => void
}

function YourImage({ image, onImage }: YourImageProps) {
  const preview = useObjectUrl(image)
  return (
    <Section title="Your image" hint="It goes to the model and is kept nowhere.">
      <div className="try-it">
        <FileDrop label="Image" accept="image/*" onFiles={([file]) => file && onImage(file)}>
          {preview ? <img src={preview} alt={image ? `Chosen: ${image.name}` : ''} /> : <b>Drop or choose an image</b>}
          <span className="muted small">{image ? image.name : 'JPEG, PNG, WebP, AVIF, TIFF or GIF'}</span>
        </FileDrop>
      </div>
    </Section>
  )
}
