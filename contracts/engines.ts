/** The engines that compute features offline. `auto` chooses by the bytes that are read. */
export const ENGINE_WISHES = ['auto', 'duckdb', 'spark'] as const;
export type EngineWish = (typeof ENGINE_WISHES)[number];
export type EngineName = Exclude<EngineWish, 'auto'>;

/** What `--explain` says of a view. */
export interface EngineChoice {
  readonly engine: EngineName;
  /** Of the files that can hold a row that matters. */
  readonly bytes: number;
  readonly why: string;
}
