/** From so many letters on, the beginning of a word stands for it. */
const TELLING_LETTERS = 3;

/** The known word that was probably meant: misspelt, or the beginning of it; `undefined` if none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  return misspelt(word, known) ?? begun(word, known);
}

/** To be put behind a word that is not known: the one that was probably meant, or something else to help. */
export function didYouMean(near: string | undefined, otherwise = ''): string {
  const hint = near === undefined ? otherwise : `did you mean '${near}'?`;
  return hint && ` (${hint})`;
}

function begun(word: string, known: readonly string[]): string | undefined {
  if (word.length < TELLING_LETTERS) return undefined;
  return known.find((candidate) => candidate.toLowerCase().startsWith(word.toLowerCase()));
}

function misspelt(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.ceil(word.length / 3) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Levenshtein distance, with the swap of two neighbours as one step: the commonest slip of the fingers. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const above = rows[i - 1]!;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          row[j - 1]! + 1,
          above[j]! + 1,
          above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1),
          swapped ? rows[i - 2]![j - 2]! + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
