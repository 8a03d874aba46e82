/** How many float32 lie between two of them; 0 = the same bits. NaN is apart from everything. */
export function ulpsApart(one: number, other: number): number {
  if (Number.isNaN(one) || Number.isNaN(other)) return Number.POSITIVE_INFINITY;
  return Math.abs(orderOf(one) - orderOf(other));
}

const view = new DataView(new ArrayBuffer(4));

/** Bits as a number that grows with the float; −0 comes just before 0. */
function orderOf(value: number): number {
  view.setFloat32(0, value);
  const bits = view.getInt32(0);
  return bits < 0 ? -(bits & 0x7fffffff) - 1 : bits;
}
