-- Answer: 1 = a record, or an interrupted key, was removed.
local value = redis.call('GET', KEYS[1])
local found = value and look(KEYS[1], value, (clock()))
if not found or (found.state ~= 'R' and found.state ~= 'I') then
    return 0
end

return redis.call('DEL', KEYS[1])
