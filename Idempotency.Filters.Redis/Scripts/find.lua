-- Answer: nothing when the key is free; else its state, its version (tag and owner token), and the bytes of a record.
local value = redis.call('GET', KEYS[1])
local found = value and look(KEYS[1], value, (clock()))
if not found or found.state == '-' then
    return false
end

return found.state .. string.sub(value, 1, 17) .. (found.state == 'R' and string.sub(found.record, 26) or '')
