-- What a key holds, judged by the server's clock.
local function clock()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000), time[1] * 1000000 + time[2]
end

-- Whether this store could have written all these numbers. Another hand may have written others.
local function written(...)
    for _, number in ipairs({ ... }) do
        if number < 0 or number > EXACT then
            return false
        end
    end
    return true
end

-- Takes a value of this version apart; nothing for any other.
local function parse(value)
    local tag = tag_of(value)
    if tag == RECORD and #value >= BYTES_AT - 1 then
        local _, token, fencing = struct.unpack(HEAD, value)
        return written(fencing) and { tag = tag, token = token, fencing = fencing, flags = 0, record = value } or nil
    elseif tag ~= CLAIM or #value < INNER_AT - 1 then
        return nil
    end

    local _, token, fencing = struct.unpack(HEAD, value)
    local flags, lease, tail, last, expiry = struct.unpack('<' .. TERMS, value, FLAGS_AT)
    local inner = string.sub(value, INNER_AT)
    if flags > KNOWN_FLAGS or not written(fencing, lease, tail, last, expiry)
        or inner ~= '' and (tag_of(inner) ~= RECORD or not parse(inner)) then
        return nil
    end

    return {
        tag = tag, token = token, fencing = fencing, flags = flags, lease = lease, tail = tail, last = last, expiry = expiry,
        record = inner,
    }
end

-- Adds to what was found what it means now. State: 'F' in flight, 'R' completed, 'I' interrupted, '-' free.
local function judge(key, found, now)
    -- Another hand may have set one with which a sum would overflow.
    local life = math.min(redis.call('PTTL', key), EXACT)
    if found.tag == RECORD then
        found.state, found.expiry = 'R', (life < 0 or life > CENTURY) and 0 or now + life
        return found
    end

    local lease, tail, last = found.lease, found.tail, found.last
    if life < 0 then
        -- Somebody took its end from it. It gets one more lease, unless its holder must have ended by now: a holder that lives renews it.
        local ending = last == 0 and now + lease or math.min(last, now + lease)
        life = ending - now + tail
        redis.call('PEXPIRE', key, life)
    end

    found.life, found.left = lease + tail, math.min(life - tail, CENTURY)
    if found.left > 0 then
        found.state = 'F'
    elseif found.record ~= '' and (found.expiry == 0 or now < found.expiry) then
        found.state = 'R'
    elseif found.record == '' and refuses(found.flags) and life > 0 then
        found.state = 'I'
    else
        found.state = '-'
    end
    return found
end

local function not_understood() error('The key holds no value of this version of Idempotency.Filters.') end

local function look(key, value, now)
    local found = parse(value)
    if not found then
        not_understood()
    end

    return judge(key, found, now)
end

-- For operators: the same, with a version by which to recognise it; nothing when the key is free. A value that is not understood counts
-- as a record that nobody can read.
local function find(key)
    local value = redis.pcall('GET', key)
    if type(value) == 'table' then
        -- Another type than a string.
        value = value.err
    end
    if not value then
        return nil
    end

    local found = parse(value)
    if not found then
        return { state = 'R', version = '?' .. string.sub(redis.sha1hex(value), 1, IDENTITY_SIZE - 1), fencing = 0, record = '' }
    end

    judge(key, found, (clock()))
    if found.state == '-' then
        return nil
    end

    found.version = identity_of(value)
    return found
end
