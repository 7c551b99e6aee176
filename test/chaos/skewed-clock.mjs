/** Loaded before a worker: its clock is off by KAPPA_CHAOS_SKEW_MS, as that of a machine whose time service is dead. */
const skewMs = Number(process.env.KAPPA_CHAOS_SKEW_MS ?? 0)
const RealDate = Date
const now = () => RealDate.now() + skewMs

class SkewedDate extends RealDate {
  constructor(...values) {
    if (values.length === 0) super(now())
    else super(...values)
  }

  static now() {
    return now()
  }

  // Dates that Node makes for itself, of files, are dates too.
  static [Symbol.hasInstance](value) {
    return value instanceof RealDate
  }
}

globalThis.Date = SkewedDate
