import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef } from 'react'

interface Props {
  readonly open: boolean
  /** Escape, the close button, a press beside it. */
  readonly onClose: () => void
  readonly title: string
  readonly children: ReactNode
  /** Buttons at the bottom, the main one last. */
  readonly actions?: ReactNode
  /** `sheet` comes from the side, for forms and details; on a phone both take the width. */
  readonly kind?: 'dialog' | 'sheet' | 'wide'
  /** Shortcuts while it is open. */
  readonly onKeyDown?: (event: KeyboardEvent) => void
}

/**
 * A modal window of the browser's own: it holds the focus, makes the page behind it inert and gives the focus back. Its
 * content is rendered only while it is open, so that a form inside starts fresh.
 */
export function Dialog({ open, onClose, title, children, actions, kind = 'dialog', onKeyDown }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => {
    const element = dialog.current
    if (!open || !element) return
    element.showModal()
    return () => element.close()
  }, [open])
  if (!open) return null
  return (
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      className={`dialog dialog-${kind}`}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onKeyDown={onKeyDown}
      onClick={(event) => event.target === event.currentTarget && onClose()}
    >
      <div className="dialog-body">
        <div className="flex items-start justify-between gap-4 border-b border-rule px-5 py-3">
          <h2 id={titleId} className="text-lg font-semibold break-words">
            {title}
          </h2>
          <button type="button" className="button button-quiet -mr-2 shrink-0 text-sm" onClick={onClose}>
            Close
          </button>
        </div>
        <div className="min-h-0 flex-1 overflow-y-auto px-5 py-4">{children}</div>
        {actions && <div className="flex flex-wrap justify-end gap-2 border-t border-rule px-5 py-3">{actions}</div>}
      </div>
    </dialog>
  )
}

interface ConfirmProps {
  readonly open: boolean
  readonly title: string
  /** What will happen, and whether it can be undone. */
  readonly children: ReactNode
  /** The verb: `Revoke the key`. */
  readonly confirm: string
  readonly danger?: boolean
  readonly pending?: boolean
  readonly onConfirm: () => void
  readonly onClose: () => void
}

/** Asks before something that costs money or cannot be undone. The focus starts on the way back. */
export function ConfirmDialog(props: ConfirmProps) {
  return (
    <Dialog
      open={props.open}
      onClose={props.onClose}
      title={props.title}
      actions={
        <>
          {/* biome-ignore lint/a11y/noAutofocus: Enter must not confirm by itself what costs money */}
          <button type="button" className="button" onClick={props.onClose} autoFocus>
            Cancel
          </button>
          <button
            type="button"
            className={`button ${props.danger ? 'button-danger' : 'button-primary'}`}
            disabled={props.pending ?? false}
            onClick={props.onConfirm}
          >
            {props.confirm}
          </button>
        </>
      }
    >
      {props.children}
    </Dialog>
  )
}
