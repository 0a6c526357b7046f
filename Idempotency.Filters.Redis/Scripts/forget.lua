-- Answer: 1 = a record, an interrupted key, or what is not understood was removed, 2 = nothing is there, 0 = in flight.
local found = find(KEYS[1])
if not found then
    return 2
elseif found.state == 'F' then
    return 0
end

return redis.call('DEL', KEYS[1])
