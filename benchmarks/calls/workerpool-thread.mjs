import { importAlternative } from '../support/alternatives.mjs';
import { functions } from './functions.mjs';

const { default: library } = await importAlternative('workerpool');
library.worker(functions);
