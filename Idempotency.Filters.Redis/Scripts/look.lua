-- Under a key is one string. Numbers are little-endian; spans are milliseconds, moments milliseconds of the server's clock.
--
--   record   'R' | owner token 16 | fencing token 8 | the bytes of the record
--   claim    'C' | owner token 16 | fencing token 8 | flags 1 | lease 8 | tail 8 | last end of the lease 8 | expiry of the record 8 | record
--
-- The record inside a claim is the whole value that the claim was made over, or nothing. The key lives for the lease and the tail
-- together, so the lease lasts while the key has more than the tail to live. Flags: 1 = somebody waits, 2 = refuse when interrupted.
local HEADER = 58

local function clock()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000), time[1] * 1000000 + time[2]
end

-- State: 'F' in flight, 'R' completed, 'I' interrupted, '-' free.
local function look(key, value, now)
    local tag, token, fencing = struct.unpack('<c1c16i8', value)
    local life = redis.call('PTTL', key)
    if tag == 'R' then
        return { state = 'R', tag = tag, token = token, fencing = fencing, flags = 0, record = value, expiry = life < 0 and 0 or now + life }
    elseif tag ~= 'C' then
        error('The key holds no value of this version of Idempotency.Filters.')
    end

    local flags, lease, tail, last, expiry = struct.unpack('<Bi8i8i8i8', value, 26)
    if life < 0 then
        -- Somebody took its end from it. It gets one more lease, unless its holder must have ended by now: a holder that lives renews it.
        local ending = last == 0 and now + lease or math.min(last, now + lease)
        life = ending - now + tail
        redis.call('PEXPIRE', key, life)
    end

    local found = { tag = tag, token = token, fencing = fencing, flags = flags, life = lease + tail, left = life - tail, expiry = expiry }
    found.record = string.sub(value, HEADER + 1)
    if found.left > 0 then
        found.state = 'F'
    elseif found.record ~= '' and (expiry == 0 or now < expiry) then
        found.state = 'R'
    elseif found.record == '' and flags >= 2 and life > 0 then
        found.state = 'I'
    else
        found.state = '-'
    end
    return found
end
