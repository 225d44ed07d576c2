/** The scripts of streams inside Redis: what a batch of a partition changes, and how far it goes, is one step. */
import { ORDER_FUNCTIONS, script } from './redis-scripts.ts';

/**
 * Opens a stream on the values of a complete materialization, or on none. Its offsets belong to the position of the
 * marker: of another one they are set anew.
 *
 * KEYS: epoch, fence, marker, stream. ARGV: expected epoch; the marker as it was read, or nothing; the position to go on
 * from; then partition and next offset in turn. Answers the fields of the stream: partition and next offset in turn, with
 * the position and the end of a hold among them.
 */
export const OPEN_STREAM_SCRIPT = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('ASOF_EPOCH') end
local marker, fence = redis.call('GET', KEYS[3]) or '', redis.call('GET', KEYS[2]) or ''
-- another consumer may have begun from nothing meanwhile
if (marker ~= ARGV[2] and marker ~= ARGV[3]) or fence ~= marker then return redis.error_reply('ASOF_FENCE') end
if marker == '' then
  redis.call('SET', KEYS[2], ARGV[3])
  redis.call('SET', KEYS[3], ARGV[3])
end
if marker == '' or redis.call('HGET', KEYS[4], 'position') ~= ARGV[3] then
  redis.call('DEL', KEYS[4])
  redis.call('HSET', KEYS[4], 'position', unpack(ARGV, 3))
end
return redis.call('HGETALL', KEYS[4])
`);

/**
 * Writes what a stretch of a partition changes, together with its end: everything or nothing, so a replay changes nothing.
 *
 * KEYS: epoch, fence, stream, outbox, then one key per value. ARGV: expected epoch; the stream's position; milliseconds to
 * live, 0 for ever; partition; its offset before and after; what goes to the outbox; then per key the version of the state that the value was made from and
 * the value. A version is the first 16 digits of the SHA-1, nothing for a key that was not there. Rows are compared by
 * their order instead.
 * Answer: the partition's next offset as it was found, then the places of the keys that have another version. Nothing is
 * written when the offset is not the expected one, or a place is named.
 */
export const UPDATE_SCRIPT = script(`
${ORDER_FUNCTIONS}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('ASOF_EPOCH') end
local life, partition = ARGV[3], ARGV[4]
local stream = redis.call('HMGET', KEYS[3], 'position', 'held', partition)
local position, held, reached = stream[1], stream[2], stream[3]
if redis.call('GET', KEYS[2]) ~= ARGV[2] or position ~= ARGV[2] then return redis.error_reply('ASOF_FENCE') end
if held then
  local now = redis.call('TIME')
  if tonumber(held) > now[1] * 1000 + now[2] / 1000 then return redis.error_reply('ASOF_HELD') end
end
local answer = { reached or '0' }
if answer[1] ~= ARGV[5] then return answer end
local writes = {}
for index = 5, #KEYS do
  local key, version, value = KEYS[index], ARGV[2 * index - 2], ARGV[2 * index - 1]
  local stored = redis.call('GET', key)
  if is_row(value) then
    if not stored or replaces(value, stored, '') then writes[#writes + 1] = { key, value } end
  elseif version == (stored and string.sub(redis.sha1hex(stored), 1, 16) or '') then
    writes[#writes + 1] = { key, value }
  else
    answer[#answer + 1] = index - 4
  end
end
if #answer > 1 then return answer end
for _, write in ipairs(writes) do
  if life == '0' then redis.call('SET', write[1], write[2]) else redis.call('SET', write[1], write[2], 'PX', life) end
end
if ARGV[7] ~= '' then redis.call('HSET', KEYS[4], partition .. ':' .. ARGV[5], ARGV[7]) end
redis.call('HSET', KEYS[3], partition, ARGV[6])
return answer
`);

/**
 * Holds a stream for a while: its offsets stand still, so that the topic can be landed up to them. KEYS: stream. ARGV:
 * milliseconds, 0 to let it go on. Answers whether there is a stream.
 */
export const HOLD_SCRIPT = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if ARGV[1] == '0' then
  redis.call('HDEL', KEYS[1], 'held')
else
  local now = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'held', string.format('%.0f', now[1] * 1000 + now[2] / 1000 + ARGV[1]))
end
return 1
`);

/** KEYS: outbox. Answers its fields: partition and offset, and what was put there, in turn. */
export const READ_OUTBOX_SCRIPT = script(`return redis.call('HGETALL', KEYS[1])`);

/** Takes a field out again. KEYS: outbox. ARGV: the field. */
export const CLEAR_OUTBOX_SCRIPT = script(`return redis.call('HDEL', KEYS[1], ARGV[1])`);
