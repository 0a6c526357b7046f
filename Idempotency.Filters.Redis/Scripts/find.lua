-- Answer: nothing when the key is free; else its state, its version (tag and owner token, or tag and hash), and the bytes of a record.
local found = find(KEYS[1])
if not found then
    return false
end

return found.state .. found.version .. (found.state == 'R' and string.sub(found.record, BYTES_AT) or '')
