import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from 'react'

type Tone = 'good' | 'bad' | 'note'
interface Toast {
  readonly id: number
  readonly tone: Tone
  readonly text: string
}

const SHOWN_FOR_MS = 5_000
const ToastContext = createContext<(text: string, tone?: Tone) => void>(() => {})

/** Says that something was done: `toast('The key is revoked')`. What went wrong stays beside the work, as an `ErrorNotice`. */
export const useToast = () => useContext(ToastContext)

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([])
  const next = useRef(0)
  const show = useCallback((text: string, tone: Tone = 'good') => {
    next.current += 1
    const toast = { id: next.current, tone, text }
    setToasts((known) => [...known.slice(-2), toast])
  }, [])
  const remove = useCallback((id: number) => setToasts((known) => known.filter((toast) => toast.id !== id)), [])
  return (
    <ToastContext value={show}>
      {children}
      <div role="status" className="toasts">
        {toasts.map((toast) => (
          <Bread key={toast.id} toast={toast} onDone={remove} />
        ))}
      </div>
    </ToastContext>
  )
}

function Bread({ toast, onDone }: { toast: Toast; onDone: (id: number) => void }) {
  useEffect(() => {
    const timer = setTimeout(() => onDone(toast.id), SHOWN_FOR_MS)
    return () => clearTimeout(timer)
  }, [toast.id, onDone])
  return (
    <div className={`toast toast-${toast.tone}`}>
      <span className="min-w-0 break-words">{toast.text}</span>
      <button type="button" className="button button-quiet shrink-0 text-sm" onClick={() => onDone(toast.id)}>
        Dismiss
      </button>
    </div>
  )
}
