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

-- Whether it is a value of this version.
local function known(value)
    local tag = string.sub(value, 1, 1)
    return tag == 'R' and #value >= 25 or tag == 'C' and #value >= HEADER
end

-- State: 'F' in flight, 'R' completed, 'I' interrupted, '-' free.
local function look(key, value, now)
    if not known(value) then
        error('The key holds no value of this version of Idempotency.Filters.')
    end

    local tag, token, fencing = struct.unpack('<c1c16i8', value)
    local life = redis.call('PTTL', key)
    if tag == 'R' then
        return { state = 'R', tag = tag, token = token, fencing = fencing, flags = 0, record = value, expiry = life < 0 and 0 or now + life }
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

-- For operators: what look tells, with a version to know it again by; nothing when the key is free. A value that is not understood is
-- a record that nobody can read.
local function find(key)
    local value = redis.call('GET', key)
    if value and not known(value) then
        return { state = 'R', version = '?' .. string.sub(redis.sha1hex(value), 1, 16), fencing = 0, record = '' }
    end

    local found = value and look(key, value, (clock()))
    if not found or found.state == '-' then
        return nil
    end

    found.version = string.sub(value, 1, 17)
    return found
end
