// Prints what AsyncAPI's parser thinks of a document: the faults of severity error, and whether it found channels.
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';

const ERROR = 0;
const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], 'utf8'));
const faults = diagnostics
  .filter((each) => each.severity === ERROR)
  .map((each) => `${each.path.join('.')}: ${each.message}`);
console.log(JSON.stringify({ channels: (document?.channels().length ?? 0) > 0, faults }));
