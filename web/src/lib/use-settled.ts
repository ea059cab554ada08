import { useEffect, useState } from 'react'

/** `value` once it has not changed for `quietMs`. Compared as JSON, so equal forms are one value. */
export function useSettled<Value>(value: Value, quietMs: number): Value {
  const [settled, setSettled] = useState(value)
  const text = JSON.stringify(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(JSON.parse(text) as Value), quietMs)
    return () => clearTimeout(timer)
  }, [text, quietMs])
  return settled
}
