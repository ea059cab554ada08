/** Metrics whose value is read when somebody asks for them. */
import { Counter, Gauge, type Registry } from 'prom-client'

export type Samples<Label extends string> = readonly (readonly [Readonly<Record<Label, string>>, number])[]

/** Each adds one metric to the registry; the plural ones have a value for each of their labels. */
export interface ReadMetrics {
  gauge(name: string, help: string, read: () => number): void
  /** Where several values share the label `other`, the largest stands for them. */
  gauges<Label extends string>(name: string, help: string, label: Label, read: () => Samples<Label>): void
  total(name: string, help: string, read: () => number): void
  totals<Label extends string>(name: string, help: string, label: Label, read: () => Samples<Label>): void
}

export function createReadMetrics(registry: Registry): ReadMetrics {
  const registers = [registry]
  return {
    gauge: (name, help, read) =>
      void new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read())
        },
      }),
    gauges: <Label extends string>(name: string, help: string, label: Label, read: () => Samples<Label>) =>
      void new Gauge({
        name,
        help,
        labelNames: [label],
        registers,
        collect() {
          this.reset()
          const largest = new Map<string, number>()
          for (const [{ [label]: value }, amount] of read()) largest.set(value, Math.max(amount, largest.get(value) ?? amount))
          for (const [value, amount] of largest) this.set({ [label]: value } as Record<Label, string>, amount)
        },
      }),
    total: (name, help, read) =>
      void new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset()
          this.inc(read())
        },
      }),
    totals: (name, help, label, read) =>
      void new Counter({
        name,
        help,
        labelNames: [label],
        registers,
        collect() {
          this.reset()
          for (const [values, amount] of read()) this.inc(values, amount)
        },
      }),
  }
}
