/**
 * A plugin's runtime keeps to its limits by itself. Since messages come in bursts, and writes of two generations may meet,
 * the host allows so many times as much, which only a plugin gets to that goes around its runtime.
 */
export const LENIENCE = 2;
