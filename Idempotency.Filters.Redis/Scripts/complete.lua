-- Arguments: the record as it is stored, retention (0 = for ever), prefix of channels.
-- Answer: 1 = stored, 2 = stored although the key was gone, 0 = another owner has the key.
local key, record = KEYS[1], ARGV[1]
local held = redis.call('GETRANGE', key, 0, 25)
local gone = held == ''
if not gone then
    if string.sub(held, 2, 17) ~= string.sub(record, 2, 17) then
        -- The reply to an earlier attempt was lost, and somebody has claimed over the record since: it stands inside that claim.
        return redis.call('GETRANGE', key, 58, 74) == string.sub(record, 1, 17) and 1 or 0
    elseif string.sub(held, 1, 1) == 'R' then
        -- The reply to an earlier attempt was lost.
        return 1
    end
end

if ARGV[2] == '0' then
    redis.call('SET', key, record)
else
    redis.call('SET', key, record, 'PX', ARGV[2])
end

-- On a cluster a message goes to every node: none is sent when nobody waits. One who may not publish completes all the same.
if gone or string.byte(held, 26) % 2 == 1 then
    redis.pcall('PUBLISH', ARGV[3] .. key, '')
end
return gone and 2 or 1
