-- Arguments: owner token, prefix of channels. Answer: 1 = released, 0 = there is no claim of this owner.
local key = KEYS[1]
local held = redis.call('GETRANGE', key, 0, 58)
if string.sub(held, 1, 17) ~= 'C' .. ARGV[1] then
    return 0
elseif #held > 58 then
    -- The record inside stands again: ended, not rewritten, since a server at maxmemory refuses to write.
    redis.call('PEXPIRE', key, (struct.unpack('<i8', held, 35)))
else
    redis.call('DEL', key)
end

if string.byte(held, 26) % 2 == 1 then
    redis.pcall('PUBLISH', ARGV[2] .. key, '')
end
return 1
