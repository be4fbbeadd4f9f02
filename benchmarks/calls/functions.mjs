let handled = 0;

/** What the threads without Bulkhead offer: the same as the plugin does. */
export const functions = {
  add: (/** @type {number} */ a, /** @type {number} */ b) => a + b,
  echo: (/** @type {unknown} */ value) => value,
  event: () => {
    handled++;
  },
  handled: () => handled,
};
