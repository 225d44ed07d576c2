export { AsofError, type ErrorCode } from './contracts/errors.ts';
export { Timestamp } from './contracts/timestamp.ts';
