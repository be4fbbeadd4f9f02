import { functions } from './functions.mjs';

/** What piscina calls: functions of one argument, the list of arguments. */
export const add = (/** @type {[number, number]} */ args) => functions.add(...args);
export const echo = (/** @type {[unknown]} */ args) => functions.echo(...args);
export const event = () => functions.event();
export const handled = () => functions.handled();
