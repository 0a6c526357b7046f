-- What a key holds, judged by the server's clock.
local function clock()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000), time[1] * 1000000 + time[2]
end

-- Whether it is a value of this version.
local function known(value)
    local tag = tag_of(value)
    return tag == RECORD and #value >= BYTES_AT - 1 or tag == CLAIM and #value >= INNER_AT - 1
end

local function not_understood() error('The key holds no value of this version of Idempotency.Filters.') end

-- State: 'F' in flight, 'R' completed, 'I' interrupted, '-' free.
local function look(key, value, now)
    if not known(value) then
        not_understood()
    end

    local tag, token, fencing = struct.unpack(HEAD, value)
    local life = redis.call('PTTL', key)
    if tag == RECORD then
        local expiry = life < 0 and 0 or now + life
        return { state = 'R', tag = tag, token = token, fencing = fencing, flags = 0, record = value, expiry = expiry }
    end

    local flags, lease, tail, last, expiry = struct.unpack('<' .. TERMS, value, FLAGS_AT)
    if life < 0 then
        -- Somebody took its end from it. It gets one more lease, unless its holder must have ended by now: a holder that lives renews it.
        local ending = last == 0 and now + lease or math.min(last, now + lease)
        life = ending - now + tail
        redis.call('PEXPIRE', key, life)
    end

    local found = { tag = tag, token = token, fencing = fencing, flags = flags, life = lease + tail, left = life - tail, expiry = expiry }
    found.record = string.sub(value, INNER_AT)
    if found.left > 0 then
        found.state = 'F'
    elseif found.record ~= '' and (expiry == 0 or now < expiry) then
        found.state = 'R'
    elseif found.record == '' and refuses(flags) and life > 0 then
        found.state = 'I'
    else
        found.state = '-'
    end
    return found
end

-- For operators: the same, with a version by which to recognise it; nothing when the key is free. A value that is not understood counts
-- as a record that nobody can read.
local function find(key)
    local value = redis.pcall('GET', key)
    if type(value) == 'table' then
        -- Another type than a string.
        value = value.err
    end
    if value and not known(value) then
        return { state = 'R', version = '?' .. string.sub(redis.sha1hex(value), 1, IDENTITY_SIZE - 1), fencing = 0, record = '' }
    end

    local found = value and look(key, value, (clock()))
    if not found or found.state == '-' then
        return nil
    end

    found.version = identity_of(value)
    return found
end
