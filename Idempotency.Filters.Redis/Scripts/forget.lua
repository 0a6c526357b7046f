-- Answer: 1 = a record, or an interrupted key, was removed, 2 = nothing is there, 0 = in flight.
local value = redis.call('GET', KEYS[1])
local found = value and look(KEYS[1], value, (clock()))
if not found or found.state == '-' then
    return 2
elseif found.state == 'F' then
    return 0
end

return redis.call('DEL', KEYS[1])
