/**
 * The checksum of zip archives (APPNOTE.TXT, 4.4.7) and PNG pictures where there is no zlib: eight bytes at a time, by eight tables of what a
 * byte leaves after 0 to 7 others.
 */

/** The polynomial 0x04c11db7 with its bits reversed, since the lowest bit goes first. */
const polynomial = 0xedb88320

const first = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? polynomial : 0)
  return remainder
})

/** Eight tables one after another: the remainder of a byte after `k` zero bytes stands at `256 k + byte`. */
const tables = new Uint32Array(8 * 256)
tables.set(first)
for (let i = 256; i < tables.length; i++) {
  const before = tables[i - 256] ?? 0
  tables[i] = (before >>> 8) ^ (first[before & 0xff] ?? 0)
}

/** The CRC-32 of bytes that follow others with the checksum `before`. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const at = (table: number, byte: number) => tables[256 * table + (byte & 0xff)] ?? 0
  let crc = ~before
  let i = 0
  for (; i + 8 <= bytes.length; i += 8) {
    const low = crc ^ view.getUint32(i, true)
    const high = view.getUint32(i + 4, true)
    crc =
      at(7, low) ^
      at(6, low >>> 8) ^
      at(5, low >>> 16) ^
      at(4, low >>> 24) ^
      at(3, high) ^
      at(2, high >>> 8) ^
      at(1, high >>> 16) ^
      at(0, high >>> 24)
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ at(0, crc ^ (bytes[i] ?? 0))
  return ~crc >>> 0
}
