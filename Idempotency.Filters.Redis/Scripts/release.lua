-- Arguments: owner token, prefix of channels. Answer: 1 = released, 0 = there is no claim of this owner.
local key = KEYS[1]
-- To the first byte of an inner record.
local held = read(key, 1, INNER_AT + 1)
if identity_of(held) ~= CLAIM .. ARGV[1] then
    return 0
elseif #held >= INNER_AT then
    -- The record inside stands again: ended, not rewritten, since a server at maxmemory refuses to write.
    redis.call('PEXPIRE', key, (struct.unpack('<i8', held, TAIL_AT)))
else
    redis.call('DEL', key)
end

if waits(flags_of(held)) then
    redis.pcall('PUBLISH', ARGV[2] .. key, '')
end
return 1
