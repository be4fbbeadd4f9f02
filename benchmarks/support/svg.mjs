/** Of one character, in parts of the size of the font: those of the widest of the common ones. */
const PLAIN_WIDTH = 0.62;
const BOLD_WIDTH = 0.7;

/** @param {string} content */
export function escapeXml(content) {
  return content.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Room for the longest of some texts in a font of 12, whichever it is.
 *
 * @param {readonly { text: string, bold?: boolean }[]} texts
 */
export function roomFor(texts) {
  return Math.max(
    ...texts.map(({ text, bold }) => Math.ceil(text.length * 12 * (bold ? BOLD_WIDTH : PLAIN_WIDTH))),
  );
}

/**
 * The beginning of a chart: its title, and a note below that.
 *
 * @param {object} frame
 * @param {number} frame.width
 * @param {number} frame.height
 * @param {string} frame.title
 * @param {string} [frame.note]
 */
export function chartFrame({ width, height, title, note = '' }) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="sans-serif" font-size="12">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="16" y="26" font-size="15" font-weight="600">${escapeXml(title)}</text>`,
    ...(note === '' ? [] : [`<text x="16" y="44" fill="#475569">${escapeXml(note)}</text>`]),
  ];
}
