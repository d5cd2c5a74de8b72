/** Names of classes that programs have tripped over: each is a name like any other. */
export const hostileNames: readonly string[] = [
  // Of every object in JavaScript, and of Vega's expressions.
  ...[
    'constructor',
    'toString',
    '__proto__',
    'hasOwnProperty',
    'length',
    'datum',
    'null',
    'undefined',
    'NaN',
  ],
  // That end a line, a string, a template, an element, a comment.
  ...[
    'a\u2028b',
    'a\u2029b',
    'a\nb',
    'a\rb',
    '"',
    "'",
    '`$\u007b1}`',
    '</script><script>alert(1)</script>',
    ']]>',
    '-->',
  ],
  // Paths of fields, patterns, expressions, formats.
  ...[
    'a.b',
    'a[0]',
    '[',
    ']',
    '\\',
    '\\u0041',
    'a\\',
    '$&',
    '.*',
    "data('rows')",
    '%s %d',
    '{{x}}',
    '&amp;',
    '&#0;',
  ],
  // What a terminal or a reader could be steered by, and what XML does not have.
  ...[
    '\u001b]52;c;aGk=\u0007',
    '\u202egnp',
    '\u0000',
    '\u0085',
    '\ufffe',
    '\uffff',
    '\ud800',
    '\udfff',
    '\u{1ffff}',
    '\ufdd0',
  ],
  // That look like nothing, like each other, or like numbers.
  ...[' ', '-', '--json', '01', '1e3', 'Café', 'Cafe\u0301', '🐈', 'x'.repeat(300)],
]
