/** The scripts that run inside Redis. */
import { createHash } from 'node:crypto';
import type { Script } from './redis-client.ts';

/**
 * What of two values stays. A row replaces an older one by (event, created with null first, sequence), and one whose
 * sequence was removed. An aggregate state replaces one of an older position. Numbers are compared in 32-bit words: Lua's
 * numbers are doubles, and its text comparison follows the server's locale.
 */
export const ORDER_FUNCTIONS = `
local unpack, band = struct.unpack, bit.band

local function older(a, b)
  local a1, a2, a3 = unpack('>I4I4I4', a)
  local b1, b2, b3 = unpack('>I4I4I4', b)
  if a1 ~= b1 then return a1 < b1 end
  if a2 ~= b2 then return a2 < b2 end
  return a3 < b3
end

-- a narrow instant's upper word, biased as a wide one
local NARROW = 2147483648 - 8388608

local function order(value)
  local form = string.byte(value, 1)
  local known = band(form, 2) ~= 0
  local e1, e2, s1, s2
  local c1, c2 = -1, 0
  if band(form, 4) ~= 0 then
    if known then e1, e2, c1, c2, s1, s2 = unpack('>I4I4I4I4I4I4', value, 2)
    else e1, e2, s1, s2 = unpack('>I4I4I4I4', value, 2) end
    return e1, e2, c1, c2, s1 - 2147483648, s2
  end
  if known then
    e1, e2, c1, c2, s2 = unpack('>I3I4I3I4I4', value, 2)
    c1 = c1 + NARROW
  else
    e1, e2, s2 = unpack('>I3I4I4', value, 2)
  end
  return e1 + NARROW, e2, c1, c2, 0, s2
end

local function removed(s1, s2, ranges)
  for place = 1, #ranges, 16 do
    local a1, a2, b1, b2 = unpack('>I4I4I4I4', ranges, place)
    local started = s1 > a1 or (s1 == a1 and s2 >= a2)
    if started and (s1 < b1 or (s1 == b1 and s2 < b2)) then return true end
  end
  return false
end

local function is_row(value)
  return band(string.byte(value, 1), 8) == 0
end

local function replaces(value, stored, ranges)
  if not is_row(value) then
    return older(string.sub(stored, 2, 13), string.sub(value, 2, 13))
  end
  local a1, a2, a3, a4, a5, a6 = order(value)
  local b1, b2, b3, b4, b5, b6 = order(stored)
  if a1 ~= b1 then if a1 > b1 then return true end
  elseif a2 ~= b2 then if a2 > b2 then return true end
  elseif a3 ~= b3 then if a3 > b3 then return true end
  elseif a4 ~= b4 then if a4 > b4 then return true end
  elseif a5 ~= b5 then if a5 > b5 then return true end
  elseif a6 > b6 then return true end
  return ranges ~= '' and removed(b5, b6, ranges)
end
`;

/**
 * The script that writes a batch of values by compare-and-set. Redis runs it as one step, so replays, retries and races
 * of batch and stream never take a key back.
 *
 * KEYS: epoch, fence, then one key per value.
 * ARGV: expected epoch; the run's position, or nothing for rows that no run owns; milliseconds to live, 0 for ever;
 * removed sequence ranges, 16 bytes each, start inclusive and end exclusive; then one value per key, nothing to delete.
 * Answer: values written, keys that are new, keys deleted.
 */
export const WRITE_SCRIPT = script(`
${ORDER_FUNCTIONS}
local function deletes(stored, position, ranges)
  if not is_row(stored) then return older(string.sub(stored, 2, 13), position) end
  local _, _, _, _, s1, s2 = order(stored)
  return removed(s1, s2, ranges)
end

local position, life, ranges = ARGV[2], ARGV[3], ARGV[4]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('ASOF_EPOCH') end
if position ~= '' then
  local fence = redis.call('GET', KEYS[2])
  if fence and older(position, fence) then return redis.error_reply('ASOF_FENCE') end
end
local function claim(key, value)
  if life == '0' then return redis.call('SET', key, value, 'NX') end
  return redis.call('SET', key, value, 'NX', 'PX', life)
end

local written, new, deleted = 0, 0, 0
-- where one key was new the next is likely to be, and then one call is enough for it
local likely_new = true
for index = 3, #KEYS do
  local key, value = KEYS[index], ARGV[index + 2]
  if likely_new and value ~= '' and claim(key, value) then
    written = written + 1
    new = new + 1
  else
    local stored = redis.call('GET', key)
    likely_new = not stored
    if value == '' then
      if stored and deletes(stored, position, ranges) then
        redis.call('DEL', key)
        deleted = deleted + 1
      end
    elseif not stored or replaces(value, stored, ranges) then
      if life == '0' then redis.call('SET', key, value) else redis.call('SET', key, value, 'PX', life) end
      written = written + 1
      if not stored then new = new + 1 end
    end
  end
end
return { written, new, deleted }
`);

/**
 * Raises the fence to the run's position, unless streams have brought more than the run's rows hold. KEYS: epoch, fence,
 * stream. ARGV: expected epoch, position, then partition and the offset that the rows reach in turn. Answers the older
 * fence.
 */
export const RAISE_FENCE_SCRIPT = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('ASOF_EPOCH') end
local function words(s) return struct.unpack('>I4I4I4', s) end
local fence = redis.call('GET', KEYS[2])
if fence then
  local a1, a2, a3 = words(ARGV[2])
  local b1, b2, b3 = words(fence)
  if a1 < b1 or (a1 == b1 and (a2 < b2 or (a2 == b2 and a3 < b3))) then return redis.error_reply('ASOF_FENCE') end
end
local landed = {}
for index = 3, #ARGV, 2 do landed[ARGV[index]] = tonumber(ARGV[index + 1]) end
local reached = redis.call('HGETALL', KEYS[3])
for index = 1, #reached, 2 do
  local partition = reached[index]
  if tonumber(partition) and tonumber(reached[index + 1]) > (landed[partition] or 0) then
    return redis.error_reply('ASOF_AHEAD')
  end
end
redis.call('SET', KEYS[2], ARGV[2])
return fence
`);

/** Marks a run complete. KEYS: epoch, fence, marker. ARGV: expected epoch, position. Only the fence's owner may. */
export const SET_MARKER_SCRIPT = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('ASOF_EPOCH') end
if redis.call('GET', KEYS[2]) ~= ARGV[2] then return redis.error_reply('ASOF_FENCE') end
redis.call('SET', KEYS[3], ARGV[2])
return 1
`);

/** Puts a fence, however old, in place of the one that was found. KEYS: epoch, fence. ARGV: expected epoch, found (or nothing), new. */
export const REPLACE_FENCE_SCRIPT = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('ASOF_EPOCH') end
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[2] then return redis.error_reply('ASOF_FENCE') end
redis.call('SET', KEYS[2], ARGV[3])
return 1
`);

/**
 * Removes keys while the fence is the caller's: what a newer run has written is never removed. KEYS: epoch, fence, then the keys.
 * ARGV: expected epoch, expected fence. Answers how many there were.
 */
export const REMOVE_SCRIPT = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('ASOF_EPOCH') end
if redis.call('GET', KEYS[2]) ~= ARGV[2] then return redis.error_reply('ASOF_FENCE') end
local removed = 0
for index = 3, #KEYS do removed = removed + redis.call('UNLINK', KEYS[index]) end
return removed
`);

export function script(text: string): Script {
  return { text, sha1: createHash('sha1').update(text).digest('hex') };
}
