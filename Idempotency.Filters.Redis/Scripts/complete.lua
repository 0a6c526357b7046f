-- Arguments: the record as it is stored, retention (0 = for ever), prefix of channels.
-- Answer: 1 = stored, 2 = stored although the key was gone, 0 = another owner has the key.
local key, record = KEYS[1], ARGV[1]
local held = read(key, 1, LEASE_AT)
local gone = held == ''
if not gone then
    if token_of(held) ~= token_of(record) then
        -- The reply to an earlier attempt was lost, and somebody has claimed over the record since: it stands inside that claim.
        return read(key, INNER_AT, INNER_AT + IDENTITY_SIZE) == identity_of(record) and 1 or 0
    elseif tag_of(held) == RECORD then
        -- The reply to an earlier attempt was lost.
        return 1
    end
end

keep(key, record, ARGV[2])

-- On a cluster a message goes to every node: none is sent when nobody waits. One who may not publish completes all the same.
if gone or waits(flags_of(held)) then
    redis.pcall('PUBLISH', ARGV[3] .. key, '')
end
return gone and 2 or 1
