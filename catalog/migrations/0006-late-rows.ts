/** Intervals with rows that came later than their source allows, which only a restatement redoes. */
export const lateRows: readonly string[] = [
  `alter table asof.ledger drop constraint ledger_operation_check`,
  `alter table asof.ledger add constraint ledger_operation_check check (operation in ('done', 'dirty', 'late', 'removed'))`,
];
