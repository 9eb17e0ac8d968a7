import { bilingual } from './bilingual.ts';
import { enModel } from './en-model.ts';
import { koModel } from './ko-model.ts';

/** Texts of My model. */
export const useModelWords = bilingual({ en: enModel, ko: koModel });
