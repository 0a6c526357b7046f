-- Arguments: owner token, mode (1 = waits, 2 = refuse when interrupted, 4 = over a record, and eight times how many bytes suffice of a
-- large record, 0 = all), lease, tail, longest time until the lease ends (0 = no limit).
-- Answer: 'A' fencing token [record] = acquired, 'F' rest of the lease = in flight, 'I' = interrupted, 'P' beginning of a large record, or
-- the record, which begins with 'R'.
local LARGE = 64 * 1024

local key, token, mode = KEYS[1], ARGV[1], tonumber(ARGV[2])
local lease, tail, longest = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local preview = math.floor(mode / 8)
mode = mode % 8
local now, micros = clock()
local waited, fencing, record, expiry = 0, 0, '', 0

-- Of a large record no more is copied than tells that it is large. An empty string may be no key at all.
local value
if preview > 0 then
    value = read(key, 1, INNER_AT + BYTES_AT + LARGE)
else
    value = redis.call('GET', key)
end
local maybe_free = preview > 0 and value == ''
if value and not maybe_free then
    local found = look(key, value, now)
    if found.tag == CLAIM and found.token == token then
        -- The reply to an earlier attempt was lost.
        redis.call('PEXPIRE', key, found.life)
        return 'A' .. struct.pack('<i8', found.fencing) .. found.record
    elseif found.state == 'F' then
        if mode % 2 == 1 and not waits(found.flags) then
            -- Refused at maxmemory; then this waiter looks again when the lease ends.
            redis.pcall('SETRANGE', key, FLAGS_AT - 1, string.char(found.flags + 1))
        end
        return 'F' .. struct.pack('<i8', found.left)
    elseif found.state == 'I' then
        return 'I'
    elseif found.state == 'R' and (mode < 4 or token_of(found.record) == token) then
        -- With this token: the completion of this very claim came before a late attempt of it.
        local whole = preview == 0 or #found.record < BYTES_AT + LARGE
        return whole and found.record or 'P' .. string.sub(found.record, 1, BYTES_AT - 1 + preview)
    end

    waited, fencing = found.flags % 2, found.fencing
    if found.state == 'R' then
        record, expiry = found.record, found.expiry
    end
end

-- Greater than before, and, since clocks go on, also than those of claims that the server has forgotten.
fencing = math.max(fencing + 1, micros)
local refuse = mode % 4 >= 2 and 2 or 0
if record ~= '' then
    -- It stands whatever becomes of the claim: no outcome is unknown, and the key lives as long as it.
    refuse = 0
    tail = math.max(lease, expiry == 0 and CENTURY or expiry - now)
end
local last = longest == 0 and 0 or now + longest
local claim = struct.pack(HEAD .. TERMS, CLAIM, token, fencing, waited + refuse, lease, tail, last, expiry)
if not maybe_free then
    redis.call('SET', key, claim .. record, 'PX', lease + tail)
elseif not redis.call('SET', key, claim, 'PX', lease + tail, 'NX') then
    not_understood()
end
return 'A' .. struct.pack('<i8', fencing) .. record
