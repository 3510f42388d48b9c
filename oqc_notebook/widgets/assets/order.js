// Which rows of a table are shown, and in which order.

const COLLATOR = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** So many changed rows are put into their places one by one; more are sorted anew. */
const FEW_CHANGES = 200;

/**
 * @typedef {string | number | null} Key what rows are sorted by; null comes last
 * @typedef {(row: any, index: number) => Key} KeyOf
 */

/**
 * Keeps the indexes of the rows that are shown, in their order. A change costs little also where
 * there are many rows: only the rows that changed are looked at.
 */
export class Order {
  /**
   * @param {(row: any) => string} textOf what is searched of a row
   * @param {boolean} isNewestFirst whether rows that are not sorted stand with the last one first
   */
  constructor(textOf, isNewestFirst = false) {
    this.textOf = textOf;
    this.isNewestFirst = isNewestFirst;
    /** The column that rows are sorted by, or null for the order in which they came. */
    /** @type {string | null} */
    this.column = null;
    this.descending = isNewestFirst;
    /** @type {KeyOf} */
    this.keyOf = (_, index) => index;
    /** Whether keys change with time alone, so that rows change places without being others. */
    this.ticks = false;
    this.text = "";
    /** The states that are shown; none means all. @type {Set<string>} */
    this.states = new Set();
    /** The indexes of the rows that are shown, in order. @type {number[]} */
    this.shown = [];
    /** The rows as they were seen last. @type {any[]} */
    this.seen = [];
    this.isStale = true;
  }

  get isFiltered() {
    return this.text.trim() !== "" || this.states.size > 0;
  }

  /**
   * Sort by a column: up, then down, then as the rows came.
   * @param {string} column
   * @param {KeyOf} keyOf
   * @param {boolean} ticks whether keys change with time alone
   */
  sortBy(column, keyOf, ticks = false) {
    const isAgain = this.column === column;
    const isOver = isAgain && this.descending;
    this.column = isOver ? null : column;
    this.descending = isOver ? this.isNewestFirst : isAgain;
    this.keyOf = this.column === null ? (_, index) => index : keyOf;
    this.ticks = this.column !== null && ticks;
    this.isStale = true;
  }

  /** @param {string} text */
  search(text) {
    this.text = text;
    this.isStale = true;
  }

  /** @param {string} state */
  toggleState(state) {
    if (!this.states.delete(state)) this.states.add(state);
    this.isStale = true;
  }

  clearFilter() {
    this.text = "";
    this.states.clear();
    this.isStale = true;
  }

  /**
   * Take over the rows.
   * @param {any[]} rows
   */
  update(rows) {
    const isStale = this.isStale || this.ticks || rows.length < this.seen.length;
    const changed = isStale ? null : this.#changedIn(rows);
    if (changed?.length === 0) return;
    this.seen = [...rows];
    if (changed === null || changed.length > FEW_CHANGES) this.#sortAnew();
    else this.#putInPlace(changed);
    this.isStale = false;
  }

  /** @param {any[]} rows */
  #changedIn(rows) {
    const changed = [];
    for (let index = 0; index < rows.length; index += 1) {
      if (rows[index] !== this.seen[index]) changed.push(index);
    }
    return changed;
  }

  #sortAnew() {
    const matches = this.#matcher();
    const indexes = [...this.seen.keys()].filter((index) => matches(this.seen[index]));
    if (this.column === null) {
      this.shown = this.descending ? indexes.reverse() : indexes;
      return;
    }
    const keyed = indexes.map((index) => ({ index, key: this.keyOf(this.seen[index], index) }));
    keyed.sort((a, b) => this.#compare(a.key, a.index, b.key, b.index));
    this.shown = keyed.map(({ index }) => index);
  }

  /** @param {number[]} changed */
  #putInPlace(changed) {
    const gone = new Set(changed);
    const matches = this.#matcher();
    this.shown = this.shown.filter((index) => !gone.has(index));
    for (const index of changed) {
      if (matches(this.seen[index])) this.shown.splice(this.#placeOf(index), 0, index);
    }
  }

  /** @param {number} index */
  #placeOf(index) {
    const key = this.keyOf(this.seen[index], index);
    let [low, high] = [0, this.shown.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.shown[middle] ?? 0;
      const otherKey = this.keyOf(this.seen[other], other);
      if (this.#compare(otherKey, other, key, index) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Give what tells whether a row is shown: each word of the filter is found in it. */
  #matcher() {
    const words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
    const { states } = this;
    return (/** @type {any} */ row) => {
      if (row.gone || (states.size && !states.has(row.state))) return false;
      if (!words.length) return true;
      const text = this.textOf(row).toLowerCase();
      return words.every((word) => text.includes(word));
    };
  }

  /**
   * @param {Key} a
   * @param {number} indexOfA
   * @param {Key} b
   * @param {number} indexOfB
   */
  #compare(a, indexOfA, b, indexOfB) {
    if (a === null || b === null) {
      if (a !== b) return a === null ? 1 : -1;
      return indexOfA - indexOfB;
    }
    const order =
      typeof a === "string" || typeof b === "string"
        ? COLLATOR.compare(String(a), String(b))
        : a - b;
    return (this.descending ? -order : order) || indexOfA - indexOfB;
  }
}
