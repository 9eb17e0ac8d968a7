import { randomBytes } from 'node:crypto';
import { below, type Rng } from '#shared/maths/rng.ts';
import { invalid } from '#shared/tracking/fault.ts';

/** 32 hexadecimal digits. */
export const newId = (): string => randomBytes(16).toString('hex');

const RUN_ID = /^[a-zA-Z0-9][\w-]{0,255}$/;
const DECIMAL = /^(?:0|[1-9]\d{0,17})$/;

/** @throws TrackingFault if the id could be none */
export function checkRunId(id: string): string {
  if (!RUN_ID.test(id)) throw invalid(`Invalid value ${JSON.stringify(id)} for parameter 'run_id' supplied.`);
  return id;
}

/** Whether an experiment could have this id. */
export const isExperimentId = (id: string): boolean => DECIMAL.test(id);

const ADJECTIVES =
  'able amused bold brave bright calm careful clean clever crisp eager fair famous fine fond gentle glad grand handsome honest jolly kind lively lucky merry mild neat nimble orderly patient peaceful polite proud quiet quick rare roving sincere smart steady thoughtful tidy trusting unique upset vivid warm wise witty';
const NOUNS =
  'ant bear bee bird calf carp cat chimp cod colt crab crane crow deer dog dolphin donkey dove duck eel elk fawn finch fish fly fowl fox frog goat goose grouse grub gull hare hawk hen hog horse hound jay kit kite koi lamb lark loon lynx mare midge mink mole moose moth mouse mule newt owl ox panda penguin perch pig pug quail ram rat ray robin roo rook seal shad sheep shoat shrew shrike shrimp skink skunk sloth slug smelt snail snake snipe sow sponge squid squirrel stag steed stoat stork swan tern toad trout turtle vole wasp whale wolf worm wren yak zebra';

/** A name for a run that was given none: adjective, noun, number. */
export function randomName(rng: Rng): string {
  const pick = (words: string): string => {
    const all = words.split(' ');
    return all[below(all.length, rng)] ?? 'quiet';
  };
  return `${pick(ADJECTIVES)}-${pick(NOUNS)}-${below(1000, rng)}`;
}
