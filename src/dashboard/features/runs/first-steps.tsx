import { useClient } from '../../data/api.ts'
import { datasetChoices } from '../../data/queries/datasets.ts'
import { useResource } from '../../data/use-resource.ts'
import { href } from '../../router.ts'

/** What a project that has no run yet needs, in the order in which it is done. */
export function FirstSteps() {
  const { data } = useResource(datasetChoices(useClient()))
  const ready = data?.data.find(({ latest_version: version }) => version !== null)
  const dataset = ready && `${ready.id}@${ready.latest_version}`
  return (
    <section className="first-steps" aria-label="First steps">
      <p>No run yet. From images to a model that is served, in three steps:</p>
      <ol>
        <li className={ready ? 'is-done' : undefined}>
          <h2>Images</h2>
          <p className="small">An archive, or files, of a thousand images or more; labels are not needed.</p>
          {ready ? (
            <p>
              <span aria-hidden="true">●</span> <a href={href.dataset(ready.id)}>{ready.name}</a> is ready
            </p>
          ) : (
            <a className="button primary" href={href.newDataset()}>
              Upload images
            </a>
          )}
        </li>
        <li>
          <h2>A run</h2>
          <p className="small">Its recipe is chosen by what the images are like, and says why.</p>
          <a className={ready ? 'button primary' : 'button'} href={href.newRun(dataset ? { dataset } : {})}>
            Start a run
          </a>
        </li>
        <li>
          <h2>Its model</h2>
          <p className="small">
            It is made by itself when the run ends. Drop an image on it: what is near, which cluster it belongs to and
            why. Programs ask it over the API.
          </p>
          <a className="button" href={href.playground()}>
            Try an image
          </a>
        </li>
      </ol>
    </section>
  )
}
