import { describe, expect, test } from 'vitest'
import { Message } from './protobuf.ts'

/** Bytes from the examples of the encoding's own description, and from its rules. */
describe('a message', () => {
  test.each([
    ['a small number', new Message().integer(1, 150), [0x08, 0x96, 0x01]],
    ['a text', new Message().text(2, 'testing'), [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]],
    [
      'a message in a message',
      new Message().message(3, new Message().integer(1, 150)),
      [0x1a, 0x03, 0x08, 0x96, 0x01],
    ],
    [
      'packed numbers',
      new Message().integers(6, [3, 270, 86942]),
      [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05],
    ],
    [
      'a negative number',
      new Message().integer(1, -2),
      [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    ],
    ['a float', new Message().float(2, 1.5), [0x15, 0x00, 0x00, 0xc0, 0x3f]],
    ['a double', new Message().double(1, 1.5), [0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f]],
    ['a field above 15', new Message().integer(20, 1), [0xa0, 0x01, 0x01]],
    ['nothing', new Message(), []],
  ])('writes %s', (_what, message, bytes) => {
    expect([...message.finish()]).toEqual(bytes)
    expect(message.size).toBe(bytes.length)
  })
})
