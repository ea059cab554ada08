import type { KeyboardEvent } from 'react'
import type { RequestRecordWire } from '../../../../src/contract/records.ts'
import { sameOrigin } from '../../lib/url.ts'
import { CopyId } from '../../ui/copy-button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Rate } from './rate.tsx'

interface Props {
  readonly record: RequestRecordWire
  /** Index of the picture that is looked at; undefined: the window is closed. */
  readonly viewed: number | undefined
  readonly onView: (index: number | undefined) => void
}

/** The pictures of a request in a window of their own; arrow keys go from one to the next. */
export function PictureViewer({ record, viewed, onView }: Props) {
  const count = record.images.length
  const image = viewed === undefined ? undefined : record.images[viewed]
  const step = (by: number) => viewed !== undefined && onView((viewed + by + count) % count)
  const keys = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (by !== undefined && count > 1) step(by)
  }
  if (!image || viewed === undefined) return null
  return (
    <Dialog open onClose={() => onView(undefined)} title={`Picture ${viewed + 1} of ${count}`} kind="wide" onKeyDown={keys}>
      <div>
        {image.url === null ? (
          <p className="py-16 text-center text-muted">The picture is deleted or has expired. Its costs are kept.</p>
        ) : (
          <img
            src={sameOrigin(image.url)}
            alt={record.prompt ?? 'Picture made by this request'}
            width={image.width}
            height={image.height}
            className="viewer-picture h-auto w-auto"
          />
        )}
        <div className="mt-3 flex flex-wrap items-center justify-between gap-3">
          <Rate requestId={record.id} image={image} />
          <CopyId id={image.id} label="Copy the image id" className="max-w-full" />
          <div className="flex flex-wrap gap-2">
            {image.url !== null && (
              <a href={sameOrigin(image.url)} target="_blank" rel="noreferrer" className="button text-sm">
                Original, {image.width} x {image.height}
              </a>
            )}
            {count > 1 && (
              <>
                <button type="button" className="button text-sm" onClick={() => step(-1)}>
                  Previous
                </button>
                <button type="button" className="button text-sm" onClick={() => step(1)}>
                  Next
                </button>
              </>
            )}
          </div>
        </div>
      </div>
    </Dialog>
  )
}
