// Rows as they travel: a table of values, in which names and words stand once.

/**
 * @typedef {{columns: string[], words: Record<string, string[]>, rows: any[][]}} PackedRows
 * @typedef {{columns: string[], rows: any[][]}} PackedChanges each row begins with its place
 */

/**
 * Give the rows of a table, as oqc_notebook/widgets/packing.py made it.
 * @param {PackedRows} table
 * @returns {any[]}
 */
export function unpacked({ columns, words, rows }) {
  return rows.map((values) => {
    /** @type {Record<string, any>} */
    const row = {};
    for (const [place, name] of columns.entries()) {
      const value = values[place] ?? null;
      row[name] = words[name]?.[value] ?? whole(name, value);
    }
    return row;
  });
}

/**
 * Give the places of rows and what changed in them.
 * @param {PackedChanges[]} tables
 * @returns {[number, Record<string, any>][]}
 */
export function unpackedChanges(tables) {
  return tables.flatMap(({ columns, rows }) =>
    rows.map(([place, ...values]) => {
      const changed = columns.map((name, column) => [name, whole(name, values[column])]);
      return /** @type {[number, Record<string, any>]} */ ([place, Object.fromEntries(changed)]);
    }),
  );
}

/**
 * Give a value as it is meant: long bitstrings travel as numbers after their length.
 * @param {string} name
 * @param {any} value
 */
function whole(name, value) {
  if (name !== "top" || typeof value?.[0] !== "number") return value;
  const [length, ...rest] = value;
  const top = [];
  for (let at = 0; at < rest.length; at += 2) {
    top.push([BigInt(`0x${rest[at]}`).toString(2).padStart(length, "0"), rest[at + 1]]);
  }
  return top;
}

/**
 * Put a row into a table, so that the table stays true.
 * @param {PackedRows} table
 * @param {number} index
 * @param {Record<string, any>} row
 */
export function putRow(table, index, row) {
  if (!table.columns.length) table.columns.push(...Object.keys(row));
  table.rows[index] = table.columns.map((name) => {
    const words = table.words[name];
    if (words === undefined) return row[name];
    const place = words.indexOf(row[name]);
    return place < 0 ? words.push(row[name]) - 1 : place;
  });
}
