// Rows as they travel: a table of values, in which names and words stand once.

/**
 * @typedef {{columns: string[], words: Record<string, string[]>, rows: any[][]}} PackedRows
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
      row[name] = words[name]?.[value] ?? value;
    }
    return row;
  });
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
