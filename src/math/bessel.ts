/**
 * What the von Mises–Fisher density needs of the modified Bessel function I_ν, without ever forming I_ν, which
 * underflows at ν = 127, x = 10 and overflows at x = 1000. DLMF 10.41.3 with three terms of the uniform expansion:
 * with s = √(ν² + x²), r = 1/s, q = ν²/s²,
 *
 *   log I_ν(x) = s + ν log(x/(ν+s)) − ½ log 2πs + log(1 + T₁ + T₂ + T₃),   T_m = r^m P_m(q)
 *
 * Good to 6.5e-11 at ν = 127; smaller orders are reached from there by recurrence (vmf.ts).
 */

/** Stirling's series after moving x above 16; relative error below 1e-15. */
export function logGamma(x: number): number {
  let shifted = x
  let product = 1
  while (shifted < 16) product *= shifted++
  const inverse = 1 / shifted
  const square = inverse * inverse
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))))
  return (shifted - 0.5) * Math.log(shifted) - shifted + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product)
}

/** E = T₁ + T₂ + T₃ of the expansion at order ν and argument x. */
export function expansionSum(order: number, x: number): number {
  const r = 1 / Math.sqrt(order * order + x * x)
  const q = (order * r) ** 2
  const t1 = (3 - 5 * q) / 24
  const t2 = (81 + q * (-462 + 385 * q)) / 1152
  const t3 = (30375 + q * (-369603 + q * (765765 - 425425 * q))) / 414720
  return r * (t1 + r * (t2 + r * t3))
}

/** dE/dx: −x r² Σ r^m (m P_m + 2q P_m′). */
function expansionSlope(order: number, x: number): number {
  const r = 1 / Math.sqrt(order * order + x * x)
  const q = (order * r) ** 2
  const d1 = (3 - 15 * q) / 24
  const d2 = (162 + q * (-1848 + 2310 * q)) / 1152
  const d3 = (91125 + q * (-1848015 + q * (5360355 - 3828825 * q))) / 414720
  return -x * r * r * r * (d1 + r * (d2 + r * d3))
}

/** I_{ν+1}(x) / I_ν(x) by the expansion, for ν of 100 and more (1.4e-12 at ν = 127). */
export function besselRatio(order: number, x: number): number {
  const s = Math.sqrt(order * order + x * x)
  return x / (order + s) - x / (2 * s * s) + expansionSlope(order, x) / (1 + expansionSum(order, x))
}

/**
 * log[ (x/2)^ν / Γ(ν+1) ] − log I_ν(x) by the expansion: 0 at x = 0, falling. Written with s − ν = x²/(s+ν), so that
 * neither log x nor the difference of two large numbers appears.
 */
export function logBesselDeficit(order: number, x: number): number {
  const s = Math.sqrt(order * order + x * x)
  const excess = (x * x) / (s + order)
  const tail = Math.log1p(expansionSum(order, x)) - Math.log1p(expansionSum(order, 0))
  return order * Math.log1p(excess / (2 * order)) - excess + 0.5 * Math.log1p(excess / order) - tail
}
