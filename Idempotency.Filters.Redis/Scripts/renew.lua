-- Arguments: owner token. Answer: 1 = renewed, 2 = completed already, 0 = the key is gone, or another's.
local held = read(KEYS[1], 1, LAST_AT)
if token_of(held) ~= ARGV[1] then
    return 0
elseif tag_of(held) == RECORD then
    return 2
end

-- No write, which a server at maxmemory would refuse.
local lease, tail = struct.unpack('<i8i8', held, LEASE_AT)
redis.call('PEXPIRE', KEYS[1], lease + tail)
return 1
