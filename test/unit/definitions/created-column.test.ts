import { expect, it } from 'vitest';
import { fileSource } from '../../../index.ts';
import { manifestOf, problemsOf } from './project.ts';

it('a created column that the schema leaves out is a timestamp of the same name', () => {
  const rows = fileSource('rows', {
    path: 'rows.csv',
    timestamp: 'date',
    created: 'loaded_at',
    schema: { date: 'timestamp', id: 'int64' },
  });
  expect(manifestOf({ rows }).sources).toMatchObject([
    {
      created: 'loaded_at',
      columns: [{ name: 'date' }, { name: 'id' }, { name: 'loaded_at', type: 'timestamp', from: 'loaded_at' }],
    },
  ]);
});

it('its name follows the rule of names', () => {
  const rows = fileSource('rows', {
    path: 'rows.csv',
    timestamp: 'date',
    created: 'loaded at',
    schema: { date: 'timestamp' },
  });
  expect(problemsOf({ rows })).toEqual([
    expect.stringMatching(/^source rows, created: "loaded at" is not a valid name; /),
  ]);
});
