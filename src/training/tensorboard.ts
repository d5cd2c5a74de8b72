export function tensorboardHeader(_wallTime: number): Uint8Array {
  return new Uint8Array()
}
export function tensorboardRecords(_event: unknown, _wallTime: number): Uint8Array {
  return new Uint8Array()
}
