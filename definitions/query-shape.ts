/**
 * Whether a query of a view takes the rows of its source one by one: a plain projection and filter that leaves their event
 * time alone. Told from its words, so that the meaning of a view needs no engine; whatever is not surely of that kind is
 * taken for a query over the whole source, which is always right.
 */

/** `from`: where the FROM of a row by row query begins, since its rows' identity is selected in front of it. */
export type QueryShape = { readonly rowByRow: true; readonly from: number } | { readonly rowByRow: false };

interface Token {
  readonly kind: 'word' | 'quoted' | 'text' | 'number' | 'sign';
  /** A word in lower case, the name in quotes, or the sign. */
  readonly text: string;
  readonly start: number;
  readonly depth: number;
}

const WHOLE: QueryShape = { rowByRow: false };

/** Words that make one row depend on others, or that this reader does not follow. */
const WHOLE_WORDS = new Set(
  (
    'with join group having distinct over window union intersect except limit offset order qualify sample tablesample ' +
    'using pivot unpivot lateral values recursive filter within exclude replace rename columns exists any all asof ' +
    'positional cross natural semi anti unnest on table summarize describe show struct_extract lambda'
  ).split(' '),
);

/** Words before a parenthesis that call nothing, and types. */
const WORDS_BEFORE_PARENTHESES = new Set(
  'select where in and or not when then else case between like ilike is as decimal numeric varchar char'.split(' '),
);

/** Functions of one row. Another one may be an aggregate. */
const ROW_FUNCTIONS = new Set(
  (
    'abs ceil ceiling floor round trunc sqrt cbrt exp ln log log2 log10 pow power sign mod fmod greatest least coalesce nullif ifnull ' +
    'if isnan isinf isfinite sin cos tan asin acos atan atan2 radians degrees pi ' +
    'lower upper trim ltrim rtrim length strlen len substr substring left right replace concat concat_ws starts_with ends_with ' +
    'contains position strpos instr reverse lpad rpad repeat split_part regexp_matches regexp_replace regexp_extract ' +
    'regexp_full_match md5 sha256 hash ascii chr unicode ' +
    'date_trunc date_part datepart date_diff datediff date_sub datesub date_add extract year month day hour minute second quarter ' +
    'week dayofweek isodow weekday dayofyear epoch epoch_ms epoch_us make_timestamp make_date strftime strptime try_strptime ' +
    'to_timestamp to_days to_hours to_minutes to_seconds to_milliseconds to_microseconds ' +
    'cast try_cast list_value array_value list_contains array_length list_extract array_extract list_sum list_avg list_min ' +
    'list_max list_slice'
  ).split(' '),
);

/** `source` and `timestamp`: the names of the source and of its time column. */
export function queryShape(sql: string, source: string, timestamp: string): QueryShape {
  const tokens = readTokens(sql);
  if (tokens === undefined || tokens[0]?.text !== 'select' || tokens[0].kind !== 'word') return WHOLE;
  const words = tokens.filter(({ kind }) => kind === 'word').map(({ text }) => text);
  if (words.some((word) => WHOLE_WORDS.has(word))) return WHOLE;
  if (words.filter((word) => word === 'select').length > 1) return WHOLE;
  const froms = tokens.filter(({ kind, text }) => kind === 'word' && text === 'from');
  const [from] = froms;
  if (from === undefined || froms.length > 1 || from.depth > 0) return WHOLE;
  const at = tokens.indexOf(from);
  if (!callsRowFunctionsOnly(tokens) || !readsSourceAlone(tokens.slice(at + 1), source)) return WHOLE;
  return keepsTime(selectItems(tokens.slice(1, at)), timestamp) ? { rowByRow: true, from: from.start } : WHOLE;
}

function callsRowFunctionsOnly(tokens: readonly Token[]): boolean {
  return tokens.every(({ kind, text }, index) => {
    const next = tokens[index + 1];
    if (next?.kind !== 'sign' || next.text !== '(' || (kind !== 'word' && kind !== 'quoted')) return true;
    return kind === 'word' && (ROW_FUNCTIONS.has(text) || WORDS_BEFORE_PARENTHESES.has(text));
  });
}

/** After FROM: the source, perhaps another name for it, then nothing or WHERE. */
function readsSourceAlone(tokens: readonly Token[], source: string): boolean {
  const [table, ...rest] = tokens;
  if (!isName(table) || table.text.toLowerCase() !== source.toLowerCase()) return false;
  const afterAs = rest[0]?.kind === 'word' && rest[0].text === 'as' ? rest.slice(1) : rest;
  const isWhere = (token: Token | undefined): boolean => token?.kind === 'word' && token.text === 'where';
  const end = isName(afterAs[0]) && !isWhere(afterAs[0]) ? afterAs.slice(1) : afterAs;
  if (end.length === 0) return true;
  return isWhere(end[0]) && !end.some(({ kind, text, depth }) => kind === 'sign' && text === ',' && depth === 0);
}

function selectItems(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const items: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind === 'sign' && token.text === ',' && token.depth === 0) items.push([]);
    else items.at(-1)!.push(token);
  }
  return items;
}

/** One item passes the time on as it is, and no other takes its name. */
function keepsTime(items: readonly (readonly Token[])[], timestamp: string): boolean {
  if (items.some((item) => item.length === 0)) return false;
  const named = (token: Token | undefined): boolean =>
    isName(token) && token.text.toLowerCase() === timestamp.toLowerCase();
  const isPlain = (item: readonly Token[]): boolean => {
    const own = item[1]?.kind === 'sign' && item[1].text === '.' ? item.slice(2) : item;
    if (own.length === 1 && own[0]!.kind === 'sign' && own[0]!.text === '*') return true;
    if (!named(own[0])) return false;
    return own.length === 1 || (own.length === 3 && own[1]!.text === 'as' && named(own[2]));
  };
  return items.some(isPlain) && !items.some((item) => named(item.at(-1)) && !isPlain(item));
}

function isName(token: Token | undefined): token is Token {
  return token?.kind === 'word' || token?.kind === 'quoted';
}

/** Undefined for what this reader does not know, such as other kinds of quotes. */
function readTokens(sql: string): readonly Token[] | undefined {
  const pattern =
    /\s+|--[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/|(?<text>'(?:[^']|'')*')|"(?<quoted>(?:[^"]|"")*)"|(?<number>\d[\d_]*(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+)|(?<word>[a-z_]\w*)|(?<sign>[-+*/%(),.<>=!|&~^:[\]])/giy;
  const tokens: Token[] = [];
  let depth = 0;
  while (pattern.lastIndex < sql.length) {
    const start = pattern.lastIndex;
    const groups = pattern.exec(sql)?.groups;
    if (groups === undefined) return undefined;
    const { text, quoted, number, word, sign } = groups;
    if (sign === ')' || sign === ']') depth -= 1;
    if (word !== undefined) tokens.push({ kind: 'word', text: word.toLowerCase(), start, depth });
    else if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted.replaceAll('""', '"'), start, depth });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, start, depth });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, start, depth });
    else if (text !== undefined) {
      // E'…' has escapes, and x'…' is no text
      if (tokens.at(-1)?.kind === 'word' && sql[start - 1] === tokens.at(-1)!.text.at(-1)) return undefined;
      tokens.push({ kind: 'text', text, start, depth });
    }
    if (sign === '(' || sign === '[') depth += 1;
  }
  return tokens;
}
