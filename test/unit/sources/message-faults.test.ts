import { describe, expect, it } from 'vitest';
import type { ContractMode } from '../../../contracts/manifest.ts';
import { messageJudge } from '../../../sources/message-faults.ts';

const judgeWith = (columns: ContractMode = 'evolve') => {
  const judge = messageJudge({
    columns: [{ name: 'origin', type: 'string', from: 'ORIGIN' }],
    contract: { columns, types: 'quarantine' },
  });
  return (text: string) => judge(Buffer.from(text)).fault;
};

describe('messageJudge', () => {
  it.each([
    ['{"ORIGIN":"a","other":1}', null],
    ['  {}', null],
    ['', 'json'],
    ['{"a":1', 'json'],
    ['null', 'object'],
    ['"a"', 'object'],
    ['[{}]', 'object'],
    ['{"origin":1}', 'members'],
    ['{"__SEQ":1}', 'members'],
    ['{"__c0":1}', 'members'],
  ])('%s: %s', (text, fault) => {
    expect(judgeWith()(text)).toBe(fault);
  });

  it('keeps the spelling of a member that came first, in this message or an earlier one', () => {
    const judge = judgeWith();
    expect(['{"More":1}', '{"more":1}', '{"More":2}', '{"a":1,"A":2}', '{"a":1}'].map(judge)).toEqual([
      null,
      'members',
      null,
      'members',
      null,
    ]);
  });

  it('takes a bounded number of names, and any where they are not stored', () => {
    const many = Array.from({ length: 1_001 }, (_, index) => `{"m${index}":1}`);
    const judge = judgeWith();
    expect(many.map(judge).filter((fault) => fault !== null)).toEqual(['members']);
    expect(judge('{"m0":2}')).toBeNull();
    expect(many.map(judgeWith('discard')).filter((fault) => fault !== null)).toEqual([]);
  });

  it('keeps the beginning of a message that is too large', () => {
    const judged = messageJudge({ columns: [], contract: { columns: 'evolve', types: 'quarantine' } })(
      Buffer.from('x'.repeat(2 ** 20 + 1)),
    );
    expect(judged.fault).toBe('large');
    expect(judged.text).toHaveLength(2 ** 16);
  });
});
