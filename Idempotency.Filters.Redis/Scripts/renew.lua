-- Arguments: owner token. Answer: 1 = renewed, 2 = completed already, 0 = the key is gone, or another's.
local held = redis.call('GETRANGE', KEYS[1], 0, 41)
if string.sub(held, 2, 17) ~= ARGV[1] then
    return 0
elseif string.sub(held, 1, 1) == 'R' then
    return 2
end

-- No write, which a server at maxmemory would refuse.
local lease, tail = struct.unpack('<i8i8', held, 27)
redis.call('PEXPIRE', KEYS[1], lease + tail)
return 1
