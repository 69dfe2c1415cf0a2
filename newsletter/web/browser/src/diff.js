// What two texts have in common, by their lines.

/** Hunks in order: {same: [lines]} or {mine: [lines], theirs: [lines]}. */
export function hunks(mine, theirs) {
  const [a, b] = [mine.split("\n"), theirs.split("\n")];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const middle = compared(a.slice(start, a.length - end), b.slice(start, b.length - end));
  const found = [{ same: a.slice(0, start) }, ...middle, { same: end ? a.slice(-end) : [] }];
  return found.filter((hunk) => (hunk.same ?? [...hunk.mine, ...hunk.theirs]).length);
}

/** Both texts in one: what differs stands twice, mine first. */
export function both(mine, theirs) {
  const lines = [];
  for (const hunk of hunks(mine, theirs)) {
    if (hunk.same) lines.push(...hunk.same);
    else lines.push(...joined(hunk.mine, hunk.theirs));
  }
  return lines.join("\n");
}

// with an empty line between, or they would be one paragraph
function joined(mine, theirs) {
  const apart = mine.at(-1)?.trim() && theirs[0]?.trim();
  return apart ? [...mine, "", ...theirs] : [...mine, ...theirs];
}

// Of this many pairs of lines at most, the longest common part is looked for
const MOST = 4_000_000;

function compared(a, b) {
  if (!a.length && !b.length) return [];
  if (a.length * b.length > MOST) return [{ mine: a, theirs: b }];
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  for (let x = a.length - 1; x >= 0; x--) {
    for (let y = b.length - 1; y >= 0; y--) {
      const at = x * width + y;
      common[at] =
        a[x] === b[y] ? common[at + width + 1] + 1 : Math.max(common[at + width], common[at + 1]);
    }
  }
  return walked(a, b, common, width);
}

function walked(a, b, common, width) {
  const found = [];
  const last = (kind) => {
    if (!found.length || kind in found.at(-1) === false) {
      found.push(kind === "same" ? { same: [] } : { mine: [], theirs: [] });
    }
    return found.at(-1);
  };
  let [x, y] = [0, 0];
  while (x < a.length || y < b.length) {
    if (x < a.length && y < b.length && a[x] === b[y]) {
      last("same").same.push(a[x]);
      x++;
      y++;
    } else if (y >= b.length || (x < a.length && common[(x + 1) * width + y] >= common[x * width + y + 1])) {
      last("mine").mine.push(a[x++]);
    } else {
      last("theirs").theirs.push(b[y++]);
    }
  }
  return found;
}
