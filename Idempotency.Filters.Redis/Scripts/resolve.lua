-- Arguments: the version that was found, a new owner token, retention (0 = for ever), and the bytes of a record, or no more.
-- Answer: 1 = done, 2 = nothing is there, 0 = in flight, or not as it was found.
local key = KEYS[1]
local found = find(key)
if found and found.version == RECORD .. ARGV[2] then
    -- The reply to an earlier attempt was lost.
    return 1
elseif not found then
    return 2
elseif found.state == 'F' or found.version ~= ARGV[1] then
    return 0
end

if not ARGV[4] then
    redis.call('DEL', key)
    return 1
end

keep(key, struct.pack(HEAD, RECORD, ARGV[2], found.fencing + 1) .. ARGV[4], ARGV[3])
return 1
