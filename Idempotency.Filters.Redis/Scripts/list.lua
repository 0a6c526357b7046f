-- Arguments: the wanted states, how many bytes of a record are wanted (-1 = all).
-- Answer: nothing when the key is free, or in another state; else its state, its version, its age (-1 = unknown), how long until it is
-- free by itself (-1 = never, or unknown), and the bytes of a record.
local found = find(KEYS[1])
if not found or not string.find(ARGV[1], found.state, 1, true) then
    return false
end

local now, micros = clock()
local age, rest, bytes = -1, -1, ''
if found.state == 'F' then
    -- The fencing token is the moment of the claim in microseconds, as long as the clock has not gone back.
    age = math.max(0, math.floor((micros - found.fencing) / 1000))
elseif found.state == 'I' then
    age = -found.left
    rest = redis.call('PTTL', KEYS[1])
else
    local expiry = found.expiry or 0
    rest = expiry == 0 and -1 or math.max(0, expiry - now)
    local last = tonumber(ARGV[2])
    bytes = string.sub(found.record, BYTES_AT, last < 0 and -1 or BYTES_AT + last - 1)
end

-- More than a century is for ever, and no span of the client's is that long.
age, rest = math.min(age, CENTURY), math.min(rest, CENTURY)
return found.state .. found.version .. struct.pack('<i8i8', age, rest) .. bytes
