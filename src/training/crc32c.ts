/** CRC-32C, the cyclic redundancy check of Castagnoli's polynomial (RFC 3720, appendix B.4), a byte at a time by table. */

/** The polynomial 0x1edc6f41 with its bits reversed, since the lowest bit goes first. */
const polynomial = 0x82f63b78

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? polynomial : 0)
  return remainder
})

/** The checksum of bytes, a whole number below 2^32. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0)
  return ~crc >>> 0
}
