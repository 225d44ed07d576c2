/** A world as temporary tables of a session. */
import { quoteIdentifier, sqlType } from '../../engine/sql.ts';
import type { Session } from '../../engine/engine.ts';
import { isDeleteSql } from '../../sources/change-operations.ts';
import { KEY_COLUMNS, VALUE_COLUMNS, type ValueColumn, type World } from './world.ts';

/** Names of tables: the events as an event relation, and the requests with their ordinals, null keys included. */
export interface WorldTables {
  readonly events: string;
  readonly requests: string;
}

export async function loadWorld(session: Session, { planned, rows, requests }: World): Promise<WorldTables> {
  const keys = Object.entries(KEY_COLUMNS).map(([name, type]) => `${quoteIdentifier(name)} ${sqlType(type)}`);
  const values = Object.entries(VALUE_COLUMNS).map(([name, type]) => `${quoteIdentifier(name)} ${sqlType(type)}`);
  const order = ['__event TIMESTAMP', '__created TIMESTAMP', '__seq BIGINT'];
  await session.run(`CREATE TEMP TABLE world_events (${[...keys, ...order, ...values].join(', ')})`);
  await session.run(`CREATE TEMP TABLE world_requests (__row BIGINT, ${keys.join(', ')}, __at TIMESTAMP)`);
  await session.append('world_events', [
    ...keys.map((_, index) => ({ values: rows.map((row) => row.keys[index]!) })),
    { values: rows.map(({ event }) => event) },
    { values: rows.map(({ created }) => created) },
    { values: rows.map(({ sequence }) => sequence) },
    ...Object.keys(VALUE_COLUMNS).map((name) => ({ values: rows.map((row) => row.values[name as ValueColumn]) })),
  ]);
  await session.append('world_requests', [
    { values: requests.map((_, row) => BigInt(row)) },
    ...keys.map((_, index) => ({ values: requests.map((request) => request.keys[index]!) })),
    { values: requests.map(({ at }) => at) },
  ]);
  const { operation } = planned.source;
  if (operation !== null) {
    const deleted = isDeleteSql(quoteIdentifier(operation));
    await session.run('ALTER TABLE world_events ADD COLUMN __deleted BOOLEAN');
    await session.run(`UPDATE world_events SET __deleted = ${deleted}`);
  }
  return {
    events: 'world_events',
    requests: 'world_requests',
  };
}
