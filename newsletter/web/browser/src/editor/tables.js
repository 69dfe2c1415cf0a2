// Tables: as many cells in each row, a head, and keys and commands to change them.

import { Plugin, TextSelection } from "prosemirror-state";
import { schema } from "./schema.js";

const { nodes } = schema;

/** The table that a selection is in: where it begins, and which row and column. */
export function tableAt(state) {
  const { $from } = state.selection;
  for (let depth = $from.depth; depth > 0; depth--) {
    if ($from.node(depth).type === nodes.table) {
      return {
        table: $from.node(depth),
        start: $from.before(depth),
        row: $from.index(depth),
        column: $from.index(depth + 1),
      };
    }
  }
  return null;
}

function grid(table) {
  const rows = [];
  table.forEach((row) => rows.push(row.content.content));
  return rows;
}

function built(rows, attrs) {
  return nodes.table.create(
    attrs,
    rows.map((cells, at) => {
      const [row, cell] = at ? [nodes.table_row, nodes.table_cell] : [nodes.table_head, nodes.header_cell];
      return row.create(
        null,
        cells.map((one) => (one.type === cell ? one : cell.create(one.attrs, one.content))),
      );
    }),
  );
}

/** An empty table of so many rows and columns. */
export function emptyTable(rows = 3, columns = 2) {
  return built(Array.from({ length: rows }, () => Array.from({ length: columns }, () => nodes.table_cell.create())));
}

export function insertTable(state, dispatch) {
  if (tableAt(state)) return false;
  if (dispatch) {
    const tr = state.tr.replaceSelectionWith(emptyTable());
    const at = tr.mapping.map(state.selection.from, -1);
    dispatch(tr.setSelection(TextSelection.near(tr.doc.resolve(at + 1))).scrollIntoView());
  }
  return true;
}

// A command that makes other rows of the rows of a table
function change(how) {
  return (state, dispatch) => {
    const found = tableAt(state);
    if (!found) return false;
    const { table, start, row, column } = found;
    const done = how(grid(table), row, column);
    if (!done) return false;
    if (dispatch) {
      const tr = state.tr;
      const end = start + table.nodeSize;
      if (done === "gone") tr.delete(start, end);
      else {
        const made = built(done.rows);
        tr.replaceWith(start, end, made);
        tr.setSelection(TextSelection.near(tr.doc.resolve(cellStart(made, start, done.row, done.column))));
      }
      dispatch(tr.scrollIntoView());
    }
    return true;
  };
}

function cellStart(table, start, row, column) {
  let at = start + 1;
  for (let y = 0; y < row; y++) at += table.child(y).nodeSize;
  at++;
  for (let x = 0; x < column; x++) at += table.child(row).child(x).nodeSize;
  return at + 1;
}

export const addRow = change((rows, row, column) => {
  const cells = rows[row].map((cell) => nodes.table_cell.create(cell.attrs));
  return { rows: [...rows.slice(0, row + 1), cells, ...rows.slice(row + 1)], row: row + 1, column };
});

export const addColumn = change((rows, row, column) => ({
  rows: rows.map((cells) => [...cells.slice(0, column + 1), nodes.table_cell.create(), ...cells.slice(column + 1)]),
  row,
  column: column + 1,
}));

export const removeRow = change((rows, row, column) => {
  if (rows.length === 1) return "gone";
  const kept = rows.filter((_, at) => at !== row);
  return { rows: kept, row: Math.min(row, kept.length - 1), column };
});

export const removeColumn = change((rows, row, column) => {
  if (rows[0].length === 1) return "gone";
  const kept = rows.map((cells) => cells.filter((_, at) => at !== column));
  return { rows: kept, row, column: Math.min(column, kept[0].length - 1) };
});

export const removeTable = change(() => "gone");

/** The text of this column to the left, the middle or the right. */
export function align(side) {
  return change((rows, row, column) => ({
    rows: rows.map((cells) => cells.map((cell, at) => (at === column ? cell.type.create({ align: side }, cell.content) : cell))),
    row,
    column,
  }));
}

/** To the next cell, or the one before. From the last one the key leads on, out of the editor. */
export function nextCell(step) {
  return (state, dispatch) => {
    const found = tableAt(state);
    if (!found) return false;
    const { table, start, row, column } = found;
    const width = table.firstChild.childCount;
    const next = row * width + column + step;
    if (next < 0 || next >= width * table.childCount) return false;
    const at = cellStart(table, start, Math.floor(next / width), next % width);
    dispatch?.(state.tr.setSelection(TextSelection.near(state.doc.resolve(at))).scrollIntoView());
    return true;
  };
}

/** After a change, each row has as many cells as the head: more would be lost, fewer look broken. */
export function tidyTables() {
  return new Plugin({
    appendTransaction: (transactions, _, state) => {
      if (!transactions.some((one) => one.docChanged)) return null;
      const ragged = [];
      state.doc.descendants((node, at) => {
        if (node.type !== nodes.table) return !node.isTextblock;
        const widths = grid(node).map((cells) => cells.length);
        if (new Set(widths).size > 1) ragged.push([node, at, Math.max(...widths)]);
        return false;
      });
      if (!ragged.length) return null;
      const tr = state.tr;
      for (const [table, at, width] of ragged.reverse()) {
        const rows = grid(table).map((cells) => [
          ...cells,
          ...Array.from({ length: width - cells.length }, () => nodes.table_cell.create()),
        ]);
        tr.replaceWith(at, at + table.nodeSize, built(rows));
      }
      return tr;
    },
  });
}
